'use strict';
// What the tests of launch.js share: packaged task folders whose program is probe.c, and starts of launch.js in them.

const assert = require('node:assert');
const { execFileSync, spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');

const launcher = path.join(__dirname, '../../tasks/launch.js');
const platform = `${process.platform}-${process.arch}`;
const nodes = (process.env.SLIPWAY_TEST_NODES || process.execPath).split(':');

/** A value in the environment of every start that must never be printed. */
const planted = 'planted-c2VjcmV0';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'slipway-launch-'));
process.on('exit', () => fs.rmSync(root, { recursive: true, force: true }));
let folders = 0;

function newFolder(name = 'folder') {
  const folder = path.join(root, String((folders += 1)), name);
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

function compile(...flags) {
  const file = path.join(newFolder(), 'probe');
  execFileSync('cc', ['-O1', '-Wall', '-Werror', '-o', file, path.join(__dirname, 'probe.c'), ...flags]);
  return fs.readFileSync(file);
}
const probe = compile();

/** A task as the packager lays it out. */
class Task {
  constructor({ program = probe, platforms = [platform], name = '1.0.0' } = {}) {
    this.folder = newFolder(name);
    this.bin = path.join(this.folder, 'bin');
    this.temp = newFolder('temp');
    this.file = path.join(this.bin, `probe-${platform}.bin`);
    this.packed = `${this.file}.br`;
    fs.mkdirSync(this.bin);
    fs.copyFileSync(launcher, path.join(this.folder, 'launch.js'));
    fs.writeFileSync(this.packed, pack(program));
    const entry = {
      packed: path.basename(this.packed),
      file: path.basename(this.file),
      sha256: createHash('sha256').update(program).digest('hex'),
      size: program.length,
    };
    const manifest = { name: 'probe', version: '1.0.0', platforms: Object.fromEntries(platforms.map((name) => [name, entry])) };
    fs.writeFileSync(path.join(this.bin, 'manifest.json'), JSON.stringify(manifest));
  }

  /** Starts launch.js as the agent does: with closed standard input, in another folder. */
  start(node, args, { env = {}, preload, readOnly = false } = {}) {
    const all = [...(preload ? ['--require', path.join(__dirname, preload)] : []), path.join(this.folder, 'launch.js'), ...args];
    // Root may write everywhere: take that right away for this start.
    const command = readOnly && process.getuid() === 0 ? ['setpriv', '--bounding-set', '-dac_override', node, ...all] : [node, ...all];
    return new Run(
      spawn(command[0], command.slice(1), {
        cwd: root,
        env: { PATH: process.env.PATH, AGENT_TEMPDIRECTORY: this.temp, SECRET_PLANTED: planted, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    );
  }

  run(node, args, options) {
    return this.start(node, args, options).ended;
  }

  /** Makes the task's folders read-only for as long as `action` takes. */
  async whileReadOnly(action) {
    const mode = (value) => [this.bin, this.folder].forEach((folder) => fs.chmodSync(folder, value));
    mode(0o555);
    try {
      return await action();
    } finally {
      mode(0o755);
    }
  }

  /** The names in bin/ that the package did not bring. */
  unpacked() {
    return fs.readdirSync(this.bin).filter((name) => name !== 'manifest.json' && name !== path.basename(this.packed)).sort();
  }

  assertUnpackedInPlace() {
    assert.deepStrictEqual(this.unpacked(), [path.basename(this.file), `${path.basename(this.file)}.verified`]);
    assert.ok(fs.readFileSync(this.file).equals(probe), 'the unpacked program is the packed one');
    assert.strictEqual(fs.statSync(this.file).mode & 0o777, 0o755);
  }
}

class Run {
  constructor(child) {
    this.child = child;
    this.stdout = '';
    this.stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Waits until standard output has `line`. */
  async line(line) {
    while (!this.stdout.split('\n').includes(line)) {
      const ended = await Promise.race([this.ended, new Promise((resolve) => this.child.stdout.once('data', () => resolve()))]);
      if (ended && !this.stdout.split('\n').includes(line)) assert.fail(`ended without \`${line}\`: ${JSON.stringify(ended)}`);
    }
  }
}

const pack = (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } });

/** The program's own report: its path, and the variables asked for. */
function report(run) {
  assert.deepStrictEqual([run.code, run.stderr], [0, 'on standard error\n'], run.stdout);
  return Object.fromEntries(run.stdout.trimEnd().split('\n').map((line) => line.split(/=(.*)/s)));
}

/** Checks that the step fails with this one message, and that nothing else is said. */
function assertFailed(run, message, code = 1) {
  assert.deepStrictEqual(
    [run.stdout, run.stderr, run.code],
    [`\n##vso[task.logissue type=error]${message}\n##vso[task.complete result=Failed;]\n`, '', code]
  );
}

module.exports = { Task, assertFailed, compile, newFolder, nodes, pack, planted, platform, probe, report };
