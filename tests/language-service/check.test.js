'use strict';
// Microsoft's language service on our pipelines as `slipway expand` gives them, and on planted errors: a judge that finds nothing must be able to find something.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');
const { World, files, root } = require('../agent/slipway');
const { checker } = require('./check');

/** The task.json of every task of ours. */
const tasks = fs
  .readdirSync(path.join(root, 'tasks'))
  .map((name) => path.join(root, 'tasks', name, 'task.json'))
  .filter((file) => fs.existsSync(file))
  .map((file) => JSON.parse(fs.readFileSync(file, 'utf8')));

/** Every pipeline of the examples, in a repository of its example. */
const examples = fs
  .readdirSync(path.join(root, 'examples'))
  .map((name) => ({ name, files: files(`examples/${name}`) }))
  .flatMap(({ name, files }) => Object.keys(files).filter((file) => /^azure-pipelines\/[^/]+\.yml$/.test(file)).map((file) => ({ name, files, file })));

/** `--repository` for every repository that the pipeline takes templates from: all are that of `templates/`. */
function repositories(text) {
  const names = [...text.matchAll(/^ *- repository: .*\n(?: +(?!name:)\w+: .*\n)* +name: (\S+)/gm)].map((match) => match[1]);
  if (names.length === 0) return [];
  const templates = new World(() => files('templates'));
  return names.flatMap((name) => ['--repository', `${name}=${templates.repository}`]);
}

/** The text of a pipeline with everything expanded. */
function expand(files, file) {
  const { status, stdout, stderr } = new World(() => files).expand(file, ...repositories(files[file]));
  assert.deepStrictEqual([status, stderr], [0, ''], `slipway expand ${file}`);
  assert.doesNotMatch(stdout, /\$\{\{|^ *(- )?template:/m);
  return stdout;
}

let check;
before(() => (check = checker(tasks)));

/** Steps in the smallest pipeline; the first of them is on line 2. */
const steps = (...lines) => `steps:\n${lines.join('\n')}\n`;
const fetch = (...inputs) =>
  steps('- task: KeyVaultFetch@1', '  inputs:', '    azureSubscription: shop', '    keyVaultName: shop', ...inputs.map((line) => `    ${line}`));
const publish = (...inputs) =>
  steps('- task: ImagePublish@1', '  inputs:', '    repository: shop/orders', '    folder: out', ...inputs.map((line) => `    ${line}`));
const promote = (...inputs) => steps('- task: AcrPromote@1', '  inputs:', '    imagesFile: images.json', ...inputs.map((line) => `    ${line}`));

for (const [name, text, line, message] of [
  ['an unknown key of a step', steps('- script: echo', '  displayNme: x'), 3, /^Unexpected property displayNme$/],
  ['an unknown key of a pipeline', `${steps('- script: echo')}stepz: []\n`, 3, /^Unexpected property stepz$/],
  ['an unknown task', steps('- task: NoSuchTask@1'), 2, /^Value is not accepted. Valid values: "PowerShell@2"/],
  ['a version of our task that does not exist', steps('- task: KeyVaultFetch@2'), 2, /^Value is not accepted/],
  ['an unknown input of our task', fetch('secrets: A = b', 'secretz: x'), 7, /^Unexpected property secretz$/],
  ['a missing input of our task', fetch(), 3, /^Missing property "secrets"\.$/],
  ['an input of the wrong type', fetch('secrets: A = b', 'dryRun: perhaps'), 7, /^Incorrect type\. Expected "boolean"\.$/],
  ['a value that is no choice', fetch('secrets: A = b', 'onExpired: explode'), 7, /^Value is not accepted\. Valid values: "warn", "fail"\.$/],
  ['an unknown input of ImagePublish', publish('entrypiont: /app/orders'), 6, /^Unexpected property entrypiont$/],
  ['a kind of connection that ImagePublish has not', publish('connectionType: kubernetes'), 6, /^Value is not accepted\. Valid values: "azureResourceManager", "dockerRegistry"\.$/],
  ['a missing input of ImagePublish', publish().replace('    folder: out\n', ''), 3, /^Missing property "folder"\.$/],
  ['an unknown input of AcrPromote', promote('targetRegistry: shopprod'), 5, /^Unexpected property targetRegistry$/],
  ['a dry run of AcrPromote that is neither', promote('dryRun: perhaps'), 5, /^Incorrect type\. Expected "boolean"\.$/],
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

test('publishing and promoting, with every input, are accepted', async () => {
  const of = (name) => tasks.find((task) => task.name === name).inputs.map((input) => input.name);
  const value = { dryRun: 'true', connectionType: 'dockerRegistry', sourceConnectionType: 'dockerRegistry', targetConnectionType: 'azureResourceManager' };
  for (const name of ['ImagePublish', 'AcrPromote']) {
    const text = steps(`- task: ${name}@1`, '  inputs:', ...of(name).map((input) => `    ${input}: ${value[input] || 'x'}`));
    assert.deepStrictEqual(await check(text), [], text);
  }
});

assert.ok(examples.length > 0);
for (const { name, files, file } of examples) {
  test(`${file} of the example ${name} is accepted when it is expanded`, async () => {
    assert.deepStrictEqual(await check(expand(files, file)), []);
  });
}

const fixture = files('tests/language-service/fixture');
for (const [file, parts] of [
  ['stages.yml', ['job: build_orders', 'job: build_shipping', 'displayName: Only for orders', 'stage: deploy_production', 'approve: yes', "EXTRA: '1'", 'A = shipping-a']],
  ['extends.yml', ["displayName: 'Mine: #1'", 'script: echo after']],
  ['delivery.yml', ['deployment: promote', 'environment: shop-production', 'postRouteTraffic:', 'task: ManualValidation@1', 'service: shipping', 'download: ci', 'pipeline: tools']],
]) {
  test(`the expanded ${file} is accepted, and a mistake in it would be found`, async () => {
    const text = expand(fixture, file);
    for (const part of parts) assert.ok(text.includes(part), `${part} in\n${text}`);
    assert.deepStrictEqual(await check(text), []);
    const found = await check(text.replace(/^( +)displayName: /m, '$1displayNme: '));
    assert.deepStrictEqual(found.map(({ message }) => message), ['Unexpected property displayNme']);
  });
}
