'use strict';
const fs = require('node:fs');
fs.writeFileSync(process.env.INPUT_FILE, JSON.stringify({ environment: process.env, folder: process.cwd() }));
for (const line of JSON.parse(process.env.INPUT_SAY || '[]')) console.log(line);
