'use strict';
// Starts a task's program. It exists because an agent starts only Node on Linux and macOS. Plain CommonJS without
// dependencies, for Node 16 and newer; a copy of it is in each packaged task, beside
//
//   bin/manifest.json   {"name", "version", "platforms": {"linux-x64": {"packed", "file", "sha256", "size"}, ...}}
//   bin/<packed>        the program for that platform, brotli-compressed; sha256 and size are those of the unpacked file
//
// The program is unpacked beside its package, or below the agent's temp folder where that cannot be written or nothing
// there may be executed. Modules that only some starts need are loaded where they are needed: node's start is the cost.

const fs = require('fs');
const path = require('path');

const bin = path.join(__dirname, 'bin');
const onWindows = process.platform === 'win32';
const platform = `${process.platform}-${process.arch}`;

/** Something that no other folder would mend: what happened, and the next step for a person. */
class Problem extends Error {
  constructor(message, next) {
    super(`${message} Next: ${next}`);
  }
}

const reinstall = `delete the folder \`${__dirname}\` and the file \`${__dirname}.completed\` on this agent; it then downloads the task again.`;

/** `node:fs` says "EACCES: permission denied, open '/x'"; the first half is enough where the place is named anyway. */
const reason = (error) => (error.code ? error.message.split(',')[0] : error.message);

function readManifest() {
  const file = path.join(bin, 'manifest.json');
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Problem(`The task's package is damaged: \`${file}\` cannot be read (${reason(error)}).`, reinstall);
  }
}

const sha256 = (bytes) => require('crypto').createHash('sha256').update(bytes).digest('hex');

function unpacked(entry) {
  const file = path.join(bin, entry.packed);
  let bytes;
  let fault;
  try {
    bytes = require('zlib').brotliDecompressSync(fs.readFileSync(file), { maxOutputLength: entry.size + 1 });
    const found = sha256(bytes);
    if (found !== entry.sha256) fault = `unpacked, it has SHA-256 ${found}, expected ${entry.sha256}`;
  } catch (error) {
    fault = reason(error);
  }
  if (fault) throw new Problem(`The task's package is damaged: \`${file}\` cannot be used (${fault}).`, reinstall);
  return bytes;
}

/**
 * What a file that was once verified looks like. Any later write, truncation or replacement changes it (nobody can set
 * a change time), so a start that finds the stamp as it was need not read and hash the whole program again.
 */
const stampOf = (stat, entry) => [entry.sha256, stat.size, stat.ino, stat.mtimeMs, stat.ctimeMs].join(' ');
const stampFile = (file) => `${file}.verified`;

function readStamp(file) {
  try {
    return fs.readFileSync(stampFile(file), 'utf8');
  } catch (error) {
    return '';
  }
}

function isGenuine(file, entry) {
  try {
    const stat = fs.lstatSync(file);
    if (!stat.isFile() || stat.size !== entry.size) return false;
    return readStamp(file) === stampOf(stat, entry) || sha256(fs.readFileSync(file)) === entry.sha256;
  } catch (error) {
    return false;
  }
}

/** Removes what unpackings that were killed have left; a living one takes seconds, not an hour. */
function removeLeftovers(folder) {
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    try {
      if (/^\..*\.tmp$/.test(name) && Date.now() - fs.statSync(file).mtimeMs > 3600e3) fs.unlinkSync(file);
    } catch (error) {
      // Another job removed it, or it is not ours to remove.
    }
  }
}

/** Puts the program at `file`: under a temporary name first, since jobs that start at once all do this. */
function unpack(file, entry) {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${path.basename(file)}.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`);
  const handle = fs.openSync(temporary, 'wx', 0o700);
  try {
    try {
      fs.writeFileSync(handle, unpacked(entry));
      fs.fchmodSync(handle, 0o755);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    removeLeftovers(folder);
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.unlinkSync(temporary);
    // Windows does not replace a program that runs: another job was faster.
    if (error instanceof Problem || !isGenuine(file, entry)) throw error;
  }
}

/** Throws where the file's mode cannot be changed, or the folder is mounted so that nothing in it may be executed. */
function makeExecutable(file) {
  if (onWindows) return;
  try {
    fs.accessSync(file, fs.constants.X_OK);
  } catch (error) {
    fs.chmodSync(file, 0o755);
    fs.accessSync(file, fs.constants.X_OK);
  }
}

function prepare(file, entry) {
  if (!isGenuine(file, entry)) unpack(file, entry);
  makeExecutable(file);
  const stamp = stampOf(fs.lstatSync(file), entry);
  if (readStamp(file) !== stamp) {
    try {
      fs.writeFileSync(stampFile(file), stamp);
    } catch (error) {
      // A read-only folder: each start verifies anew.
    }
  }
  return file;
}

/** A folder below the agent's temp folder (else the system's) that only this user can read or write. */
function privateFolder() {
  const base = process.env.AGENT_TEMPDIRECTORY || require('os').tmpdir();
  const folder = path.join(base, onWindows ? 'slipway' : `slipway-${process.getuid()}`);
  fs.mkdirSync(folder, { mode: 0o700, recursive: true });
  const stat = fs.lstatSync(folder);
  if (!stat.isDirectory() || (!onWindows && (stat.uid !== process.getuid() || (stat.mode & 0o077) !== 0))) {
    throw new Error(`\`${folder}\` is not a folder of this user that is closed to others`);
  }
  return folder;
}

/** Where the program may lie, best first. In the shared folder its name tells versions apart. */
const places = (entry) => [
  () => path.join(bin, entry.file),
  () => path.join(privateFolder(), entry.file.replace(/(?=\.[^.]*$)/, `-${entry.sha256.slice(0, 16)}`)),
];

const startFaults = {
  ENOENT: 'it needs a program loader that this system does not have. It was not linked statically, as released packages are.',
  ENOEXEC: `it is not a program for ${platform}.`,
};

function main() {
  const manifest = readManifest();
  const entry = manifest.platforms[platform];
  if (!entry) {
    const supported = Object.keys(manifest.platforms).join(', ');
    throw new Problem(`\`${manifest.name}\` has no program for this agent: ${platform}. Supported: ${supported}.`, 'run the job on an agent of a supported platform.');
  }

  let child;
  let cancelled;
  // The child ends in its own way and its own time; this process stays until it has. On Windows the console tells it itself.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGBREAK']) {
    process.on(signal, () => {
      cancelled = signal;
      if (child && !onWindows) child.kill(signal);
    });
  }

  const refusals = [];
  function startFrom([place, ...others]) {
    let file;
    if (!place) {
      throw new Problem(
        `\`${manifest.name}\` cannot be started: ${refusals.join('; ')}.`,
        'let the agent\'s user write and execute files in its task folder or its temp folder (no `noexec` mount).'
      );
    }
    function refused(error) {
      if (error instanceof Problem) throw error;
      if (file && startFaults[error.code]) throw new Problem(`\`${file}\` cannot be started (${error.code}): ${startFaults[error.code]}`, reinstall);
      refusals.push(`${file ? `\`${file}\`: ` : ''}${error.message}`);
      startFrom(others);
    }
    try {
      file = prepare(place(), entry);
      child = require('child_process').spawn(file, process.argv.slice(2), { stdio: 'inherit', windowsHide: true });
    } catch (error) {
      return refused(error);
    }
    child.on('error', (error) => {
      // Without a process id it never started; with one, a signal could not be delivered any more.
      if (child.pid === undefined) reporting(() => refused(error));
    });
    child.on('exit', (code, signal) => {
      if (signal) died(manifest.name, signal, cancelled);
      else process.exitCode = code;
    });
  }
  startFrom(places(entry));
}

function died(name, signal, cancelled) {
  const why = {
    SIGKILL: 'Often the system ran out of memory: look for it in the agent\'s system log, and give the job more.',
    [cancelled]: 'The job was cancelled.',
  };
  fail(`\`${name}\` was ended by ${signal} before it had finished. ${why[signal] || 'That is a defect: please report it with this log.'}`);
  // As a shell would say it; the agent adds its own advice to 137. Never 0: this step must not pass.
  process.exitCode = 128 + require('os').constants.signals[signal];
}

/** An error and the result, as logging commands; the line before may lack its end. */
function fail(message) {
  const data = message.replace(/%/g, '%AZP25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
  process.stdout.write(`\n##vso[task.logissue type=error]${data}\n##vso[task.complete result=Failed;]\n`);
  process.exitCode = 1;
}

function reporting(action) {
  try {
    action();
  } catch (error) {
    fail(error instanceof Problem ? error.message : `launch.js failed: ${error.stack}`);
  }
}

reporting(main);
