'use strict';
// A task of Microsoft's kind, on the real azure-pipelines-task-lib: what it sees and what becomes of what it says.

const assert = require('node:assert');
const { test } = require('node:test');
const { assertSameRecord, both, probe, steady } = require('./both');

assert.ok(process.env.SLIPWAY_TEST_NODE_MODULES, 'SLIPWAY_TEST_NODE_MODULES is not set: run ./scripts/test, which installs azure-pipelines-task-lib');

const steps = (inputs = {}) => [
  probe('before', {
    azureSubscription: 'by-reader',
    say: JSON.stringify(['##vso[task.setvariable variable=outer.secret;issecret=true]hunter2;]%AZP25']),
  }),
  {
    task: 'NodeSample',
    name: 'sample',
    inputs: { azureSubscription: 'by-reader', greeting: ' $(plain) ', list: 'Ada\nGrace\n\nBarbara\n', verbose: true, folder: 'src', ...inputs },
  },
  probe('after'),
];
const options = { variables: { plain: 'good day', 'with.dot and space': '1' }, files: { 'src/main.rs': 'fn main() {}\n' } };

test('a task on the real library sees what an agent gives it, and what it says has its effects', async () => {
  const result = await both(steps(), options);
  assertSameRecord(result);
  const { record, seen } = result.slipway;
  const step = record.steps.find((found) => found.name === 'sample');
  const saw = Object.fromEntries(step.lines.filter((line) => line.startsWith('saw ')).map((line) => JSON.parse(line.slice(4))));
  assert.deepStrictEqual(saw, {
    greeting: 'good day',
    list: ['Ada', 'Grace', 'Barbara'],
    verbose: true,
    level: 'low',
    folder: 'src',
    supplied: [true, false],
    missing: null,
    'missing and required': 'Input required: missing',
    scheme: ['ServicePrincipal', 'ServicePrincipal'],
    parameters: ['authenticationType', 'serviceprincipalid', 'serviceprincipalkey', 'tenantid'],
    key: 40,
    url: 'https://management.azure.com/',
    environment: 'AzureCloud',
    'own connection': ['https://dev.azure.com/contoso/', 'OAuth'],
    plain: 'good day',
    dotted: '1',
    secret: [10, true],
    'secret by its kind': true,
    'task variable': 'kept',
    proxy: true,
    agent: ['Linux', true],
    git: [0, true],
    node: { code: 3, lines: ['out', 'stderr: err'] },
    // The library hides only what has a value.
    'environment of a tool': { code: 0, lines: ['INPUT_MISSING'] },
    exec: 0,
    'failing tool': "The process 'node' failed with exit code 4",
    found: ['a.txt', 'inner/b.txt'],
    'key file': true,
  });
  // The library puts an empty line behind the output of a tool.
  const said = step.lines.filter((line) => line !== '' && !line.startsWith('saw ') && !/^(Upload|Associated|Published|Build )/.test(line));
  assert.deepStrictEqual(said.map((line) => line.replace(/^\[command\].*\/sh /, '[command]sh ')), ['Hello, Ada and 2 more', 'the secret is ***', '[command]sh -c echo from a tool', 'from a tool', '*** is masked', '##[warning]careful; 100%]']);
  assert.deepStrictEqual([step.result, step.issues], ['Succeeded', [{ type: 'warning', message: 'careful; 100%]' }]]);
  assert.deepStrictEqual(record.outputs, { 'sample.asOutput': 'of the task', 'sample.listLength': '3' });
  assert.deepStrictEqual(record.artifacts, [{ name: 'node-sample', files: { 'a.txt': 'a', 'inner/b.txt': 'b' } }]);
  assert.deepStrictEqual(step.summaries, [{ name: 'NodeSample.md', content: '# From a Node task\n' }]);
  assert.deepStrictEqual(step.attachments.map(({ type, name, content }) => [type, name, content]), [
    ['DistributedTask.Core.FileAttachment', 'a.txt', 'a'],
    ['sample.v1', 'b', 'b'],
  ]);
  assert.deepStrictEqual(record.tests.map(({ title, passed, failed, cases }) => [title, passed, failed, cases[0].message]), [['A Node task', 1, 1, 'no; 100%]']]);
  assert.deepStrictEqual(record.tags, ['node-sample']);
  const { environment } = seen.after;
  assert.deepStrictEqual(
    ['AWKWARD', 'SECRET_MADE', 'MADE', 'SAMPLE_ASOUTPUT', 'SAMPLE_LISTLENGTH', 'LISTLENGTH'].map((name) => environment[name]),
    ['a;b]c%d\\e%3B', 'made-secret', undefined, 'of the task', '3', undefined]
  );
  assert.match(environment.PATH, /node-sample\/bin:/);
});

for (const [result, expected] of Object.entries({ Failed: 'Failed', SucceededWithIssues: 'SucceededWithIssues', Cancelled: 'Failed', Skipped: 'Skipped' })) {
  test(`a task that ends as ${result}`, async () => {
    const ran = await both(steps({ result }), options);
    // The library says `Cancelled`, which is no result of the agent's: the words about that are each agent's own.
    if (result !== 'Cancelled') assertSameRecord(ran);
    assert.strictEqual(ran.slipway.record.steps.find((step) => step.name === 'sample').result, expected);
  });
}

test('with System.Debug the log has what a task says for that', async () => {
  const result = await both(steps(), { ...options, variables: { ...options.variables, 'System.Debug': 'true' } });
  const [slipway, mini] = ['slipway', 'mini'].map((who) => steady(result[who].record.steps, result, who).find((step) => step.name === 'sample').lines);
  const debug = mini.flatMap((line) => line.split('\n')).filter((line) => line.startsWith('##[debug]'));
  assert.ok(debug.includes('##[debug]only in debug') && debug.includes('##[debug]verbose=true'), debug.join('\n'));
  // Our runner has debug lines of its own and knows more variables; the library goes through the environment, which has no order;
  // names of variables are the same in any case of their letters.
  const own = slipway.map((line) => line.toLowerCase());
  for (const line of debug) {
    const at = own.indexOf(line.toLowerCase());
    assert.ok(at >= 0, `${line} is not in\n${slipway.join('\n')}`);
    own.splice(at, 1);
  }
});
