'use strict';
// Preloaded: what spawn does for a program of another machine where the C library does not try it as a shell script.
const childProcess = require('child_process');
childProcess.spawn = () => {
  throw Object.assign(new Error('spawn ENOEXEC'), { code: 'ENOEXEC' });
};
