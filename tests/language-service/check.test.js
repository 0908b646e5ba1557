'use strict';
// Microsoft's language service on our pipelines, and on planted errors: a judge that finds nothing must be able to find something.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');
const { checker } = require('./check');

const root = path.join(__dirname, '../..');

/** The task.json of every task of ours. */
const tasks = fs
  .readdirSync(path.join(root, 'tasks'))
  .map((name) => path.join(root, 'tasks', name, 'task.json'))
  .filter((file) => fs.existsSync(file))
  .map((file) => JSON.parse(fs.readFileSync(file, 'utf8')));

/** Every pipeline of the examples. */
const pipelines = fs
  .readdirSync(path.join(root, 'examples'))
  .map((name) => path.join(root, 'examples', name, 'azure-pipelines'))
  .filter((folder) => fs.existsSync(folder))
  .flatMap((folder) => fs.readdirSync(folder).filter((name) => name.endsWith('.yml')).map((name) => path.join(folder, name)));

let check;
before(() => (check = checker(tasks)));

/** Steps in the smallest pipeline; the first of them is on line 2. */
const steps = (...lines) => `steps:\n${lines.join('\n')}\n`;
const fetch = (...inputs) =>
  steps('- task: KeyVaultFetch@1', '  inputs:', '    azureSubscription: shop', '    keyVaultName: shop', ...inputs.map((line) => `    ${line}`));

for (const [name, text, line, message] of [
  ['an unknown key of a step', steps('- script: echo', '  displayNme: x'), 3, /^Unexpected property displayNme$/],
  ['an unknown key of a pipeline', `${steps('- script: echo')}stepz: []\n`, 3, /^Unexpected property stepz$/],
  ['an unknown task', steps('- task: NoSuchTask@1'), 2, /^Value is not accepted. Valid values: "PowerShell@2"/],
  ['a version of our task that does not exist', steps('- task: KeyVaultFetch@2'), 2, /^Value is not accepted/],
  ['an unknown input of our task', fetch('secrets: A = b', 'secretz: x'), 7, /^Unexpected property secretz$/],
  ['a missing input of our task', fetch(), 3, /^Missing property "secrets"\.$/],
  ['an input of the wrong type', fetch('secrets: A = b', 'dryRun: perhaps'), 7, /^Incorrect type\. Expected "boolean"\.$/],
  ['a value that is no choice', fetch('secrets: A = b', 'onExpired: explode'), 7, /^Value is not accepted\. Valid values: "warn", "fail"\.$/],
  ['broken YAML', 'steps:\n- script: "echo\n', 3, /unexpected end of the stream/],
]) {
  test(`${name} is found`, async () => {
    const found = await check(text);
    assert.ok(found.some((diagnostic) => diagnostic.line === line && message.test(diagnostic.message)), JSON.stringify(found, null, 2));
  });
}

test('inputs as Azure Pipelines takes them are accepted', async () => {
  const text = fetch('secrets: |', '  A = b', 'dryRun: $(dry)', 'onExpired: WARN', 'timeoutInMinutes: 5').replace('azureSubscription', 'ConnectedServiceName');
  assert.deepStrictEqual(await check(text), []);
  assert.deepStrictEqual(await check(fetch('secrets: A = b', "dryRun: 'true'")), []);
});

test('every pipeline of the examples is accepted', async () => {
  assert.ok(pipelines.length > 0);
  for (const file of pipelines) assert.deepStrictEqual(await check(fs.readFileSync(file, 'utf8')), [], file);
});
