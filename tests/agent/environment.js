'use strict';
// The environment of a task's process, and the values of its inputs.

const path = require('node:path');
const { environmentName } = require('./variables');

const SYSTEM = 'SYSTEMVSSCONNECTION';

/** The value of each input: given or default, macros replaced, paths made absolute. What task.json does not know comes along. */
function inputs(task, given, job) {
  const values = new Map((task.inputs || []).map((input) => [input.name, input.defaultValue === undefined ? '' : String(input.defaultValue)]));
  const types = new Map((task.inputs || []).map((input) => [input.name, input.type]));
  for (const [name, value] of Object.entries(given)) {
    const known = (task.inputs || []).find((input) => [input.name, ...(input.aliases || [])].some((alias) => alias.toLowerCase() === name.toLowerCase()));
    values.set(known ? known.name : name, String(value));
  }
  for (const [name, value] of values) {
    const expanded = job.variables.expand(value, job.base).trim();
    values.set(name, types.get(name) === 'filePath' ? path.resolve(job.folders.sources, expanded) : expanded);
  }
  return values;
}

function endpoint(environment, key, connection) {
  const auth = { parameters: connection.parameters, scheme: connection.scheme };
  environment[`ENDPOINT_URL_${key}`] = connection.url;
  environment[`ENDPOINT_AUTH_${key}`] = JSON.stringify(auth);
  environment[`ENDPOINT_AUTH_SCHEME_${key}`] = connection.scheme;
  for (const [name, value] of Object.entries(connection.parameters)) environment[`ENDPOINT_AUTH_PARAMETER_${key}_${name.toUpperCase()}`] = value;
  if (key === SYSTEM) return;
  environment[`ENDPOINT_DATA_${key}`] = JSON.stringify(connection.data);
  for (const [name, value] of Object.entries(connection.data)) environment[`ENDPOINT_DATA_${key}_${name.toUpperCase()}`] = value;
}

/** Everything that the process of this step gets. */
function environment(step, values, job) {
  const result = { ...job.base };
  const public_ = job.variables.names().filter((name) => !job.variables.isSecret(name));
  const secret = job.variables.names().filter((name) => job.variables.isSecret(name));
  for (const [name, value] of Object.entries(step.definition.env || {})) result[name] = job.variables.expand(value, job.base);
  for (const name of public_) if (name.toLowerCase() !== 'path') result[environmentName(name)] = job.variables.value(name);
  for (const name of secret) result[`SECRET_${environmentName(name)}`] = job.variables.value(name);
  result['agent.jobstatus'] = job.variables.value('agent.jobstatus');
  result.VSTS_PUBLIC_VARIABLES = JSON.stringify(public_);
  result.VSTS_SECRET_VARIABLES = JSON.stringify(secret);
  for (const [name, value] of step.taskVariables) result[`VSTS_TASKVARIABLE_${environmentName(name)}`] = value;
  for (const [name, value] of values) result[`INPUT_${environmentName(name)}`] = value;
  for (const input of step.task.inputs || []) {
    if (!input.type.startsWith('connectedService:')) continue;
    const named = (values.get(input.name) || '').split(',').filter(Boolean);
    for (const id of named) endpoint(result, id, job.connections.find((connection) => connection.id === id));
  }
  endpoint(result, SYSTEM, job.connections.find((connection) => connection.id === SYSTEM));
  result.PATH = [...job.prepended, job.base.PATH].join(path.delimiter);
  result.TF_BUILD = 'True';
  return result;
}

module.exports = { SYSTEM, environment, inputs };
