'use strict';
// `slipway run` in a world of its own, and its record in the shape of the mini agent's.

const assert = require('node:assert');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '../..');
const slipway = path.join(root, 'target/debug/slipway');
const packages = path.join(root, 'target/packages');
for (const built of [slipway, packages]) assert.ok(fs.existsSync(built), `${built} is missing: run ./scripts/test, which builds it`);

const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** A repository of a user, a state folder and an environment, all temporary. `files` gives the repository's files for a world. */
class World {
  constructor(files) {
    this.folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'slipway-agent-')));
    process.on('exit', () => fs.rmSync(this.folder, { recursive: true, force: true }));
    this.repository = this.path('repository');
    this.state = this.path('state');
    this.base = { PATH: process.env.PATH, HOME: this.path('home') };
    for (const [name, content] of Object.entries(files(this))) {
      fs.mkdirSync(path.dirname(path.join(this.repository, name)), { recursive: true });
      fs.writeFileSync(path.join(this.repository, name), content);
    }
    const git = (...args) =>
      execFileSync('git', ['-c', 'user.name=A Tester', '-c', 'user.email=tester@example.com', ...args], { cwd: this.repository, env: this.base });
    git('init', '--quiet', '--initial-branch', 'main');
    git('add', '.');
    git('commit', '--quiet', '--message', 'The first commit');
    git('tag', 'v1');
    this.commit = String(git('rev-parse', 'HEAD')).trim();
  }

  path(name) {
    return path.join(this.folder, name);
  }

  #command(args) {
    return [slipway, [...args, '--state', this.state], { cwd: this.repository, env: this.base, stdio: ['ignore', 'pipe', 'pipe'] }];
  }

  /** A pipeline with its templates expanded. */
  expand(pipeline, ...args) {
    const [program, all, options] = this.#command(['expand', pipeline, '--task', packages, ...args]);
    const { status, stdout, stderr } = spawnSync(program, all, { ...options, encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  /** Runs a pipeline to its end. */
  run(pipeline, ...args) {
    const [program, all, options] = this.#command(['run', pipeline, '--task', packages, ...args]);
    const { status, stdout, stderr } = spawnSync(program, all, { ...options, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  }

  /** Calls `action(endpoint)` while the stand-in for Azure is up. */
  async withAzure(action) {
    const child = spawn(...this.#command(['azure', 'up']));
    const ended = new Promise((resolve) => child.on('close', resolve));
    let output = '';
    const up = new Promise((resolve, reject) => {
      const file = path.join(this.state, 'azure/endpoint.json');
      const look = (text) => {
        output += text;
        if (fs.existsSync(file)) resolve(JSON.parse(fs.readFileSync(file, 'utf8')));
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.on('close', () => reject(new Error(`slipway azure up ended: ${output}`)));
    });
    try {
      return await action(await up);
    } finally {
      child.kill('SIGINT');
      await ended;
    }
  }

  /** The record of a run with one job, in the mini agent's shape. */
  record(run) {
    const folder = path.join(this.state, 'runs', String(run));
    const read = (file) => fs.readFileSync(path.join(folder, file), 'utf8');
    const record = JSON.parse(read('run.json'));
    const tests = fs.existsSync(path.join(folder, 'tests.json')) ? JSON.parse(read('tests.json')).runs : [];
    const [job] = record.stages[0].jobs;
    const files = (location) =>
      Object.fromEntries(
        fs.readdirSync(path.join(folder, location), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => path.relative(folder, path.join(entry.parentPath || entry.path, entry.name)))
          .sort()
          .map((file) => [path.relative(location, file), read(file)])
      );
    const steps = job.steps.map((step) => ({
      name: step.name,
      result: capital(step.result),
      issues: step.issues.map(({ kind, message }) => ({ type: kind, message })),
      errors: step.errors,
      warnings: step.warnings,
      lines: step.log && fs.existsSync(path.join(folder, step.log)) ? said(read(step.log)) : [],
      attachments: record.attachments.filter((found) => found.step === step.name).map(({ type, name, file }) => ({ type, name, content: read(file) })),
      summaries: record.summaries.filter((found) => found.step === step.name).map(({ name, file }) => ({ name, content: read(file) })),
    }));
    return {
      result: capital(record.result),
      steps,
      outputs: Object.fromEntries(job.outputs),
      tags: record.tags,
      artifacts: record.artifacts.map(({ name, location }) => ({ name, files: files(location) })),
      tests: tests.map(({ title, totals, cases }) => ({
        title,
        ...totals,
        cases: cases.map(({ name, outcome, message }) => ({ name, outcome: outcome.toLowerCase(), message })),
      })),
    };
  }
}

/** The lines of a log without their times and without those of the agent around the task. */
function said(log) {
  const lines = log.split('\n').slice(0, -1).map((line) => line.slice(line.indexOf(' ') + 1));
  const rules = lines.flatMap((line, index) => (/^=+$/.test(line) ? [index] : []));
  return lines.slice(rules[1] + 1, -1);
}

/** The files of this repository below a folder of it, those that git knows: relative path to content. */
function files(folder) {
  const known = String(execFileSync('git', ['ls-files', '-z', folder], { cwd: root })).split('\0').filter(Boolean);
  const names = known.filter((name) => fs.existsSync(path.join(root, name)));
  return Object.fromEntries(names.map((name) => [path.relative(folder, name), fs.readFileSync(path.join(root, name), 'utf8')]));
}

module.exports = { World, files, packages, root };
