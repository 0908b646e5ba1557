'use strict';
// A tiny agent, written from what is known of Microsoft's, not from our runner: a second opinion on what a task is given and on
// what becomes of what it says. Used by the tests of this folder. Linux and macOS, tasks with a Node handler, one job.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { RESULTS, apply, issue } = require('./commands');
const { environment, inputs, SYSTEM } = require('./environment');
const { parse } = require('./logging-command');
const { Masker } = require('./masker');
const { Variables } = require('./variables');

/** The parameters of a connection that are no secret. */
const SHOWN = ['tenantid', 'role', 'scope', 'audience', 'authenticationtype'];

class Step {
  constructor(definition, job) {
    this.definition = definition;
    this.job = job;
    this.task = JSON.parse(fs.readFileSync(path.join(definition.task, 'task.json'), 'utf8'));
    this.taskVariables = new Map();
    this.record = {
      name: definition.name || this.task.name,
      result: 'Succeeded',
      issues: [],
      errors: 0,
      warnings: 0,
      lines: [],
      variables: {},
      secretVariables: [],
      attachments: [],
      summaries: [],
      artifacts: [],
      tests: [],
      progress: [],
      details: [],
    };
  }

  log(line) {
    this.record.lines.push(this.job.masker.mask(line));
  }

  worsen(result) {
    if (RESULTS.indexOf(result) > RESULTS.indexOf(this.record.result)) this.record.result = result;
  }

  line(text) {
    const command = parse(text);
    if (command) return apply(this, command, this.job);
    if (command === undefined) issue(this, 'warning', `'${text}' contains logging command keyword '##vso', but it's not a legal command.`);
    this.log(text);
  }

  async run() {
    const { variables, folders } = this.job;
    const displayName = this.definition.displayName || this.record.name;
    variables.set('task.displayname', displayName);
    variables.set('system.taskdisplayname', displayName);
    variables.set('system.taskinstanceid', this.definition.id);
    variables.set('system.taskinstancename', this.record.name);
    const handler = this.task.execution.Node24 || this.task.execution.Node20_1;
    // The agent's own copy, as if it had been downloaded.
    const { Major, Minor, Patch } = this.task.version;
    const own = path.join(folders.tasks, `${this.task.name}_${this.task.id}`, `${Major}.${Minor}.${Patch}`);
    fs.cpSync(this.definition.task, own, { recursive: true });
    const values = inputs(this.task, this.definition.inputs || {}, this.job);
    const child = spawn(process.execPath, [path.join(own, handler.target)], {
      cwd: folders.sources,
      env: environment(this, values, this.job),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise((resolve, reject) => child.on('error', reject).on('close', (code, signal) => resolve(signal ? 128 : code)));
    await Promise.all([child.stdout, child.stderr].map((stream) => this.#lines(stream)));
    const code = await ended;
    if (code !== 0) {
      issue(this, 'error', `Exit code ${code} returned from process: file name '${process.execPath}'`);
      this.worsen('Failed');
    }
    return this.record;
  }

  /** Hands each line over. A line ends with CR, LF or both. */
  async #lines(stream) {
    let rest = '';
    for await (const text of stream.setEncoding('utf8')) {
      const lines = (rest + text).split(/\r\n|\n|\r(?=[\s\S])/);
      rest = lines.pop();
      lines.forEach((line) => this.line(line));
    }
    if (rest !== '') this.line(rest.replace(/\r$/, ''));
  }
}

/**
 * Runs a job: `{ folder, steps, variables, secrets, connections, base }`.
 *
 * `steps` are `{ task, id, name, displayName, inputs, env, always }`, `task` being the folder of one; `variables` are what the service
 * sends, `secrets` the secret ones; `connections` are `{ id, url, scheme, parameters, data }`, the job's own among them; `base` is the
 * agent's own environment. Returns `{ result, steps, outputs, tags }`.
 */
async function runJob({ folder, steps, variables, secrets = {}, connections, base }) {
  const masker = new Masker();
  const work = path.join(folder, '_work');
  const run = path.join(work, '1');
  const folders = { sources: path.join(run, 's'), temp: path.join(work, '_temp'), tasks: path.join(work, '_tasks') };
  const own = {
    'Agent.HomeDirectory': folder,
    'Agent.RootDirectory': work,
    'Agent.WorkFolder': work,
    'Agent.TempDirectory': folders.temp,
    'Agent.ToolsDirectory': path.join(work, '_tool'),
    'Agent.BuildDirectory': run,
    'Agent.OS': { linux: 'Linux', darwin: 'Darwin' }[process.platform],
    'Agent.OSArchitecture': { x64: 'X64', arm64: 'ARM64' }[process.arch],
    'Agent.JobStatus': 'Succeeded',
    'Pipeline.Workspace': run,
    'Build.SourcesDirectory': folders.sources,
    'Build.Repository.LocalPath': folders.sources,
    'Build.BinariesDirectory': path.join(run, 'b'),
    'Build.StagingDirectory': path.join(run, 'a'),
    'Build.ArtifactStagingDirectory': path.join(run, 'a'),
    'Common.TestResultsDirectory': path.join(run, 'TestResults'),
    'System.DefaultWorkingDirectory': folders.sources,
    'System.ArtifactsDirectory': path.join(run, 'a'),
  };
  for (const name of ['a', 'b', 's', 'TestResults']) fs.mkdirSync(path.join(run, name), { recursive: true });
  for (const name of ['_temp', '_tool']) fs.mkdirSync(path.join(work, name), { recursive: true });
  const job = { masker, folders, base, connections, variables: new Variables(masker), prepended: [], outputs: {}, tags: [] };
  for (const [name, value] of Object.entries({ ...variables, ...own })) job.variables.set(name, value, { readOnly: name in own });
  for (const [name, value] of Object.entries(secrets)) job.variables.set(name, value, { secret: true, initial: true });
  for (const connection of connections) {
    for (const [name, value] of Object.entries(connection.parameters)) if (!SHOWN.includes(name.toLowerCase())) masker.addInitial(value);
  }
  let result = 'Succeeded';
  const records = [];
  for (const definition of steps) {
    if (result === 'Failed' && !definition.always) {
      records.push({ name: definition.name, result: 'Skipped' });
      continue;
    }
    const record = await new Step(definition, job).run();
    records.push(record);
    // A step that says that it was skipped is no issue of the job.
    if (record.result !== 'Skipped' && RESULTS.indexOf(record.result) > RESULTS.indexOf(result)) result = record.result;
    job.variables.set('Agent.JobStatus', result);
  }
  return { result, steps: records, outputs: job.outputs, tags: job.tags };
}

module.exports = { SYSTEM, runJob };
