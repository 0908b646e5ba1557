'use strict';
// Preloaded: access(2) answers for the task's folder as it does on a file system that is mounted with `noexec`.
const fs = require('fs');
const path = require('path');
const real = fs.accessSync;
fs.accessSync = (file, mode) => {
  if (mode === fs.constants.X_OK && path.basename(path.dirname(file)) === 'bin') {
    throw Object.assign(new Error(`EACCES: permission denied, access '${file}'`), { code: 'EACCES' });
  }
  return real(file, mode);
};
