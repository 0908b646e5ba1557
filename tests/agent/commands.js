'use strict';
// What each logging command does to the job, and what the agent would send to the service because of it.

const fs = require('node:fs');
const path = require('node:path');
const junit = require('./junit');

const RESULTS = ['Succeeded', 'SucceededWithIssues', 'Failed', 'Canceled', 'Skipped', 'Abandoned'];
const MOST_ISSUES = 10;
/** The commands that a task in the restricted mode may give. */
const HARMLESS = ['logdetail', 'logissue', 'complete', 'setprogress', 'setsecret', 'setvariable', 'debug', 'settaskvariable', 'prependpath'].map(
  (event) => `task.${event}`
);

class Refused extends Error {}

const flag = (command, name) => (command.properties.get(name) || '').toLowerCase() === 'true';

/** Files below a folder, or the file itself: relative path to content. */
function contents(location) {
  if (fs.statSync(location).isFile()) return { [path.basename(location)]: fs.readFileSync(location, 'utf8') };
  const files = fs.readdirSync(location, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => path.join(entry.parentPath || entry.path, entry.name)).sort().map((file) => [path.relative(location, file), fs.readFileSync(file, 'utf8')])
  );
}

function issue(step, type, message) {
  const kept = step.record.issues.filter((known) => known.type === type).length;
  step.record[`${type}s`] += 1;
  if (kept < MOST_ISSUES) step.record.issues.push({ type, message: step.job.masker.mask(message) });
  step.log(`##[${type}]${message}`);
}

/** Whether the task may set a variable; warns if not. */
function settable(step, name) {
  const { allowed } = (step.task.restrictions && step.task.restrictions.settableVariables) || {};
  const matches = (pattern) =>
    new RegExp(`^${pattern.replace(/[.+^${}()|\\[\]]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i').test(name);
  if (!allowed || allowed.some(matches)) return true;
  issue(step, 'warning', `Setting variable ${name} has been disabled by the task or build definition.`);
  return false;
}

function setVariable(step, command, job) {
  const name = command.properties.get('variable');
  if (!name) throw new Refused('Required field `variable` is missing in ##vso[task.setvariable] command.');
  if (!settable(step, name)) return;
  const secret = flag(command, 'issecret') || job.variables.isSecret(name);
  if (secret && command.data.includes('\n')) throw new Refused('Secrets cannot contain multiple lines');
  const declared = (step.task.outputVariables || []).some((output) => output.name.toLowerCase() === name.toLowerCase());
  const output = declared || flag(command, 'isoutput');
  const full = output ? `${step.record.name}.${name}` : name;
  if (job.variables.isReadOnly(full)) return issue(step, 'warning', `Overwriting readonly variable '${full}'.`);
  job.variables.set(full, command.data, { secret, readOnly: output || flag(command, 'isreadonly') });
  if (output && !secret) job.outputs[full] = command.data;
  if (secret) step.record.secretVariables.push(full);
  else step.record.variables[full] = command.data;
}

const handlers = {
  'task.setvariable': setVariable,
  'task.setsecret': (_step, command, job) => job.masker.add(command.data),
  'task.settaskvariable'(step, command, job) {
    if (flag(command, 'issecret')) job.masker.add(command.data);
    step.taskVariables.set(command.properties.get('variable'), command.data);
  },
  'task.prependpath'(step, command, job) {
    if (settable(step, 'PATH')) job.prepended.unshift(command.data);
  },
  'task.logissue'(step, command, job) {
    const type = (command.properties.get('type') || '').toLowerCase();
    if (!['error', 'warning'].includes(type)) throw new Refused('issue type must be error or warning');
    const file = command.properties.get('sourcepath');
    if (!file) return issue(step, type, command.data);
    const relative = path.isAbsolute(file) ? path.relative(job.folders.sources, file) : file;
    const [line, column, code] = ['linenumber', 'columnnumber', 'code'].map((name) => command.properties.get(name));
    issue(step, type, `${relative}(${line || ''},${column || ''}): ${type} ${code || ''}: ${command.data}`);
  },
  'task.setprogress': (step, command) =>
    step.record.progress.push({ percent: Number(command.properties.get('value')), text: command.data }),
  'task.logdetail'(step, command) {
    if (!command.properties.get('id')) throw new Refused('Required field `id` is missing in ##vso[task.logdetail] command.');
    step.record.details.push({ ...Object.fromEntries(command.properties), text: command.data });
  },
  'task.complete'(step, command) {
    const result = command.properties.get('result');
    if (!RESULTS.includes(result)) throw new Refused(`Command doesn't have valid result value.`);
    step.worsen(result);
  },
  'task.debug': (step, command, job) => job.variables.value('system.debug') === 'true' && step.log(`##[debug]${command.data}`),
  'task.uploadsummary': (step, command) =>
    step.record.summaries.push({ name: path.basename(command.data), content: fs.readFileSync(command.data, 'utf8') }),
  'task.uploadfile': (step, command) =>
    step.record.attachments.push({ type: 'DistributedTask.Core.FileAttachment', name: path.basename(command.data), content: fs.readFileSync(command.data, 'utf8') }),
  'task.addattachment'(step, command) {
    const [type, name] = ['type', 'name'].map((key) => command.properties.get(key));
    if (!type || !name) throw new Refused('Required field `type` or `name` is missing in ##vso[task.addattachment] command.');
    step.record.attachments.push({ type, name, content: fs.readFileSync(command.data, 'utf8') });
  },
  'artifact.upload'(step, command) {
    const name = command.properties.get('artifactname');
    if (!name) throw new Refused('Artifact Name is required.');
    step.record.artifacts.push({ name, files: contents(command.data) });
  },
  'results.publish'(step, command) {
    const files = (command.properties.get('resultfiles') || command.data).split(',').map((file) => file.trim()).filter(Boolean);
    const runs = files.map((file) => junit.read(fs.readFileSync(file, 'utf8')));
    const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
    const merged = { total: sum('total'), passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
    step.record.tests.push({ title: command.properties.get('runtitle') || '', ...merged, cases: runs.flatMap((run) => run.cases) });
    if (merged.failed && flag(command, 'failtaskonfailedtests')) step.worsen('Failed');
  },
  'build.addbuildtag': (_step, command, job) => job.tags.push(command.data),
};
handlers['task.issue'] = handlers['task.logissue'];

/** Does what a command says. A command that cannot be done fails the step and the process goes on. */
function apply(step, command, job) {
  const handler = handlers[command.name];
  const restricted = step.task.restrictions && step.task.restrictions.commands && step.task.restrictions.commands.mode === 'restricted';
  if (!handler) return issue(step, 'warning', `Can't find command extension for ##vso[${command.name}].`);
  if (restricted && !HARMLESS.includes(command.name)) return issue(step, 'warning', `${command.name} is not allowed in this step.`);
  try {
    handler(step, command, job);
  } catch (error) {
    issue(step, 'error', `Unable to process command ##vso[${command.name}]: ${error.message}`);
    step.worsen('Failed');
  }
}

module.exports = { RESULTS, apply, issue };
