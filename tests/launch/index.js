'use strict';
// From Node 22 on, `node --test tests/launch` runs the folder as a module; older ones look for *.test.js in it.
require('./launch.test.js');
