'use strict';
// What Microsoft's language service for Azure Pipelines says of pipelines. It knows Microsoft's tasks from a schema; ours are added to a
// copy of that from their task.json.
//
//   node check.js [--task FOLDER]... FILE...     prints `{ FILE: [{ line, column, message }] }`; status 1 if there is anything
//
// Takes the package from $SLIPWAY_TEST_NODE_MODULES and the schema from $SLIPWAY_TEST_PIPELINE_SCHEMA; ./scripts/test sets both.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const need = (name) => {
  assert.ok(process.env[name], `${name} is not set: run ./scripts/test, which installs what the tests need and says what is missing`);
  return process.env[name];
};

/** An input of task.json as a property of the schema. */
function property(input) {
  const base = { description: input.label, ignoreCase: 'key', ...(input.aliases && { aliases: input.aliases }) };
  const editable = (input.properties || {}).EditableOptions === 'True';
  // Azure Pipelines takes the words and macros, too.
  if (input.type === 'boolean') return { ...base, anyOf: [{ type: 'boolean' }, { type: 'string', pattern: '^(true|false|\\$\\(.+\\))$' }] };
  if (['pickList', 'radio'].includes(input.type) && input.options && !editable) return { ...base, ignoreCase: 'all', enum: Object.keys(input.options) };
  return { ...base, type: 'string' };
}

/** Adds a task to the schema, in the schema's own manner. */
function addTask(schema, task) {
  const reference = `${task.name}@${task.version.Major}`;
  const { properties, anyOf } = schema.definitions.task;
  const inputs = task.inputs || [];
  // What is required only while it is visible is not required by the schema; a default satisfies it.
  const required = inputs.filter((input) => input.required && !input.visibleRule && input.defaultValue === undefined).map((input) => input.name);
  properties.task.anyOf.push({ description: task.description, ignoreCase: 'value', enum: [reference] });
  anyOf.push({
    properties: {
      task: { description: task.description, ignoreCase: 'value', pattern: `^${reference}$` },
      inputs: {
        description: `${task.friendlyName} inputs`,
        properties: Object.fromEntries(inputs.map((input) => [input.name, property(input)])),
        additionalProperties: false,
        required,
      },
    },
    doNotSuggest: false,
    firstProperty: ['task'],
    required: required.length ? ['task', 'inputs'] : ['task'],
  });
}

/** A function that gives the diagnostics of a pipeline's text: `[{ line, column, message }]`. `tasks` are parsed task.json files. */
function checker(tasks) {
  const modules = path.join(need('SLIPWAY_TEST_NODE_MODULES'), 'azure-pipelines-language-service');
  const { JSONSchemaService, parse } = require(modules);
  const { YAMLValidation } = require(path.join(modules, 'lib/services/yamlValidation.js'));
  const { TextDocument } = require(path.join(need('SLIPWAY_TEST_NODE_MODULES'), 'vscode-languageserver-textdocument'));
  const schema = JSON.parse(fs.readFileSync(need('SLIPWAY_TEST_PIPELINE_SCHEMA'), 'utf8'));
  tasks.forEach((task) => addTask(schema, task));
  // The schema as an object: a text would be taken for an empty schema, which everything satisfies.
  const service = new JSONSchemaService(async () => schema, { resolveRelativePath: (relative) => relative }, async () => 'schema://pipelines');
  const validation = new YAMLValidation(service, Promise);
  return async (text) => {
    const document = TextDocument.create('file:///pipeline.yml', 'azure-pipelines', 1, text);
    const found = await validation.doValidation(document, parse(text));
    const short = (message) => (message.length > 200 ? `${message.slice(0, 200)}...` : message);
    return found.map(({ range, message }) => ({ line: range.start.line + 1, column: range.start.character + 1, message: short(message) }));
  };
}

async function main(args) {
  // The service tells on standard output what it does.
  console.log = console.error;
  const tasks = [];
  const files = [];
  while (args.length) {
    const next = args.shift();
    if (next === '--task') tasks.push(JSON.parse(fs.readFileSync(path.join(args.shift(), 'task.json'), 'utf8')));
    else files.push(next);
  }
  const check = checker(tasks);
  const result = {};
  for (const file of files) result[file] = await check(fs.readFileSync(file, 'utf8'));
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  process.exitCode = Object.values(result).some((found) => found.length) ? 1 : 0;
}

if (require.main === module) main(process.argv.slice(2));
module.exports = { checker };
