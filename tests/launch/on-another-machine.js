'use strict';
// Preloaded: Node says that it runs on a 32-bit ARM.
Object.defineProperty(process, 'arch', { value: 'arm' });
