'use strict';
for (const line of JSON.parse(process.env.INPUT_SAY)) console.log(line);
