'use strict';
// The same job in `slipway run` and in the mini agent: same environment, same record.

const assert = require('node:assert');
const { test } = require('node:test');
const { assertSameRecord, both, probe, steady } = require('./both');
require('./images');
require('./lint-build-test');

const UNDOCUMENTED = 'sent by the service or set by the agent, and not in the list of predefined variables from which the mini agent is fed';
/** The variables that a task of ours sees and one of the mini agent does not, with the reason. Every other difference fails. */
const ONLY_SLIPWAY = {
  AGENT_ISSELFHOSTED: UNDOCUMENTED,
  AGENT_READONLYVARIABLES: UNDOCUMENTED,
  AGENT_RETAINDEFAULTENCODING: UNDOCUMENTED,
  BUILD_DEFINITIONFOLDERPATH: UNDOCUMENTED,
  BUILD_PROJECTID: UNDOCUMENTED,
  BUILD_PROJECTNAME: UNDOCUMENTED,
  IDENTITY_ENDPOINT: 'the machine has a managed identity; the mini agent runs on one that has none',
  IDENTITY_HEADER: 'the machine has a managed identity; the mini agent runs on one that has none',
  SYSTEM: UNDOCUMENTED,
  SYSTEM_DEFINITIONNAME: UNDOCUMENTED,
  SYSTEM_ENABLEACCESSTOKEN: UNDOCUMENTED,
  SYSTEM_ISAZUREVM: UNDOCUMENTED,
  SYSTEM_ISDOCKERCONTAINER: UNDOCUMENTED,
  SYSTEM_ISSCHEDULED: UNDOCUMENTED,
  SYSTEM_JOBIDENTIFIER: UNDOCUMENTED,
  SYSTEM_JOBPOSITIONINPHASE: UNDOCUMENTED,
  SYSTEM_PARALLELEXECUTIONTYPE: UNDOCUMENTED,
  SYSTEM_PHASEID: UNDOCUMENTED,
  SYSTEM_PIPELINESTARTTIME: UNDOCUMENTED,
  SYSTEM_SERVERTYPE: UNDOCUMENTED,
  SYSTEM_STAGEID: UNDOCUMENTED,
  SYSTEM_TASKDEFINITIONSURI: UNDOCUMENTED,
  SYSTEM_TEAMFOUNDATIONSERVERURI: UNDOCUMENTED,
  SYSTEM_TFSERVERURL: UNDOCUMENTED,
  SYSTEM_TOTALJOBSINPHASE: UNDOCUMENTED,
  SYSTEM_WORKFOLDER: UNDOCUMENTED,
  VSTS_PROCESS_LOOKUP_ID: 'the agent marks the processes of a job with it, to end those that are left',
};

/** An environment as it is compared: lists of names are sets, and the names that only ours has are taken out of them, too. */
function comparable(environment) {
  const ours = Object.keys(ONLY_SLIPWAY);
  const list = (text) => JSON.parse(text).map((name) => name.replace(/[. ]/g, '_').toUpperCase()).filter((name) => !ours.includes(name)).sort();
  const rest = Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.includes(name)));
  return { ...rest, VSTS_PUBLIC_VARIABLES: list(rest.VSTS_PUBLIC_VARIABLES), VSTS_SECRET_VARIABLES: list(rest.VSTS_SECRET_VARIABLES) };
}

function assertSameEnvironment(result, name) {
  const [slipway, mini] = ['slipway', 'mini'].map((who) => steady(result[who].seen[name], result, who));
  assert.strictEqual(slipway.folder, mini.folder);
  assert.deepStrictEqual(comparable(slipway.environment), comparable(mini.environment));
  const unused = Object.keys(ONLY_SLIPWAY).filter((variable) => !(variable in slipway.environment) || variable in mini.environment);
  assert.deepStrictEqual(unused, [], 'differences that are allowed and are none');
}

test('a task sees the same environment', async () => {
  const result = await both(
    [
      probe(
        'first',
        {
          azureSubscription: 'by-reader',
          folder: 'a/../b',
          text: '  $(plain) $(missing) $(NESTED) $(HOME) ',
          say: JSON.stringify([
            '##vso[task.setvariable variable=plain]changed',
            '##vso[task.setvariable variable=a secret;issecret=true]hunter2',
            '##vso[task.setvariable variable=out;isoutput=true]of the first',
            '##vso[task.setvariable variable=declared]of the first, too',
            '##vso[task.settaskvariable variable=mine]gone with the step',
            '##vso[task.prependpath]/somewhere/bin',
            '##vso[task.prependpath]/elsewhere/bin',
          ]),
        },
        { PLAIN: 'a variable of the pipeline wins' }
      ),
      probe('second', { text: '$(first.out) $(a secret)' }, { MINE: '$(plain)', KEY: '$(a secret)' }),
    ],
    { variables: { plain: 'as given', nested: '<$(plain)>', 'with.dot and space': '1' } }
  );
  assertSameEnvironment(result, 'first');
  assertSameEnvironment(result, 'second');
  assertSameRecord(result);
  const { environment } = result.mini.seen.second;
  assert.deepStrictEqual(
    [environment.PLAIN, environment.INPUT_TEXT, environment['SECRET_A_SECRET'], environment.PATH.slice(0, 29), environment.FIRST_OUT],
    ['changed', 'of the first hunter2', 'hunter2', '/elsewhere/bin:/somewhere/bin', 'of the first'],
    'the control: the two do not merely agree on nothing'
  );
});

const JUNIT = `<?xml version="1.0"?>
<testsuites><testsuite name="orders" tests="3"><testcase classname="orders" name="adds" time="0.25"/>
<testcase classname="orders" name="rounds" time="0.5"><failure message="1.01 is not 1.00">at src/order.rs:7</failure></testcase>
<testcase classname="orders" name="later"><skipped/></testcase></testsuite></testsuites>
`;

test('what a task says has the same effects', async () => {
  const files = { 'out/junit.xml': JUNIT, 'out/summary.md': '# Summary\n', 'out/tree/a.txt': 'a', 'out/tree/b/c.txt': 'c', 'src/main.rs': 'fn main() {}\n' };
  const sources = '$(Build.SourcesDirectory)';
  const result = await both(
    [
      probe('speaker', {
        say: JSON.stringify([
          'a line',
          '##[group]of the log',
          '##[endgroup]',
          'before ##vso[task.setvariable variable=key;issecret=true]hun%3Bter"2',
          'said: hun;ter"2, as JSON: hun;ter\\"2, in an address: hun%3Bter%222',
          '##vso[task.setsecret]masked-only',
          'masked-only',
          'not a command: ##vso[task.complete result=Failed',
          `##vso[task.logissue type=error;sourcepath=${sources}/src/main.rs;linenumber=1;columnnumber=4;code=E0001]a%0Amessage`,
          '##vso[task.logissue type=warning]a warning with hun;ter"2 and 100%AZP25',
          ...Array.from({ length: 12 }, (_, index) => `##vso[task.logissue type=warning]warning ${index}`),
          '##vso[task.setprogress value=50]half',
          `##vso[task.uploadsummary]${sources}/out/summary.md`,
          `##vso[task.addattachment type=probe.v1;name=tree]${sources}/out/tree/a.txt`,
          `##vso[artifact.upload artifactname=tree]${sources}/out/tree`,
          `##vso[results.publish type=JUnit;resultFiles=${sources}/out/junit.xml;runTitle=Orders;]`,
          '##vso[build.addbuildtag]tagged',
          'two\rlines',
          '##vso[task.complete result=SucceededWithIssues]',
        ]),
      }),
      probe('after'),
    ],
    { files }
  );
  assertSameRecord(result);
  const { record } = result.mini;
  const [step] = record.steps;
  assert.deepStrictEqual(
    [record.result, step.errors, step.warnings, step.issues.length, step.tests[0].failed, step.artifacts[0].files, record.tags],
    ['SucceededWithIssues', 1, 14, 11, 1, { 'a.txt': 'a', 'b/c.txt': 'c' }, ['tagged']]
  );
});

test('a variable group gives the same variables, and its secrets are masked in the same forms', async () => {
  const result = await both(
    [
      probe('first', {
        text: '$(log_level)',
        say: JSON.stringify(['the token is $(TOKEN).', ['SECRET_TOKEN', 'base64'], ['SECRET_TOKEN', 'hex'], '##vso[task.setvariable variable=token]not secret by itself']),
      }),
      probe('second', { text: 'now $(TOKEN)' }, { TOKEN_OF_STEP: '$(TOKEN)' }),
    ],
    { group: true, variables: { of_group: '<$(TOKEN)>', level: '$(LOG_LEVEL)!' } }
  );
  assertSameEnvironment(result, 'first');
  assertSameEnvironment(result, 'second');
  assertSameRecord(result);
  const { environment } = result.mini.seen.second;
  assert.deepStrictEqual(
    ['LEVEL', 'TOKEN', 'SECRET_TOKEN', 'TOKEN_OF_STEP', 'OF_GROUP'].map((name) => environment[name]),
    ['debug!', undefined, 'not secret by itself', 'not secret by itself', undefined]
  );
  const [{ lines }] = result.mini.record.steps;
  assert.deepStrictEqual([lines.slice(0, 2), /^[0-9a-f]{80}$/.test(lines[2])], [['the token is ***.', '***'], true]);
});

test('a task that restricts itself may do the same', async () => {
  const lines = [
    '##vso[task.setvariable variable=OKAY]1',
    '##vso[task.setvariable variable=exact]2',
    '##vso[task.setvariable variable=exactly]3',
    '##vso[task.prependpath]/nowhere',
    '##vso[build.addbuildtag]tagged',
    '##vso[task.uploadsummary]/nowhere.md',
    '##vso[artifact.upload artifactname=x]/nowhere',
    '##vso[task.setsecret]hidden-text',
    'hidden-text',
    '##vso[task.logissue type=error]allowed',
  ];
  const result = await both([{ task: 'Restricted', name: 'restricted', inputs: { say: JSON.stringify(lines) } }, probe('after')]);
  const of = (who) => result[who].record.steps.map(({ result: outcome, errors, warnings, lines: said }) => [outcome, errors, warnings, said.includes('***')]);
  assert.deepStrictEqual(of('slipway'), of('mini'));
  assert.deepStrictEqual(of('mini')[0], ['Succeeded', 1, 5, true]);
  assert.deepStrictEqual(result.slipway.record.tags, []);
  assertSameEnvironment(result, 'after');
  const { environment } = result.slipway.seen.after;
  assert.deepStrictEqual([environment.OKAY, environment.EXACT, environment.EXACTLY], ['1', '2', undefined]);
});

for (const [name, lines] of Object.entries({
  'a result that does not exist': ['##vso[task.complete result=failed]'],
  'a secret of several lines': ['##vso[task.setvariable variable=x;issecret=true]first-line%0Asecond-line'],
  'a variable without a name': ['##vso[task.setvariable]x'],
  'an attachment that does not exist': ['##vso[task.addattachment type=a;name=b]/nowhere'],
  'the worst result of several': ['##vso[task.complete result=Failed]', '##vso[task.complete result=Succeeded]'],
})) {
  test(`${name} fails the step in both`, async () => {
    const result = await both([probe('speaker', { say: JSON.stringify(lines) }), probe('after')]);
    // How many errors tell of it is the agent's own affair.
    const of = (who) => result[who].record.steps.map(({ result: outcome, errors }) => [outcome, errors > 0]);
    assert.deepStrictEqual(of('slipway'), of('mini'));
    assert.strictEqual(result.mini.record.steps[0].result, 'Failed');
    assert.strictEqual(result.mini.seen.after.environment.AGENT_JOBSTATUS, 'Failed');
    assertSameEnvironment(result, 'after');
  });
}

const vault = (name, inputs) => ({ task: 'KeyVaultFetch', name, inputs: { azureSubscription: 'by-reader', keyVaultName: 'shop', ...inputs } });

for (const connection of ['by-reader', 'federated']) test(`KeyVaultFetch fetches the same secrets through the connection ${connection}`, async () => {
  const result = await both([
    probe('before', { azureSubscription: connection }),
    vault('fetch', { azureSubscription: connection, secrets: 'PLANTED = planted\nSECOND = second # a comment' }),
    probe('after', { text: '$(PLANTED)' }),
  ]);
  assertSameRecord(result);
  assertSameEnvironment(result, 'after');
  const { environment } = result.mini.seen.after;
  assert.strictEqual(environment.SECRET_PLANTED.length, 40);
  assert.strictEqual(environment.SECRET_SECOND.length, 20);
  assert.strictEqual(environment.FETCH_FETCHEDCOUNT, '2');
  const record = JSON.stringify(result.mini.record);
  assert.ok(record.includes('PLANTED <- planted'), record);
  assert.ok(!record.includes(environment.SECRET_PLANTED), 'the secret is in what the mini agent would send to the service');
});

for (const [name, inputs] of Object.entries({
  'a secret that does not exist': { secrets: 'PLANTED = planted\nMISSING = no-such-secret' },
  'a principal without a role': { azureSubscription: 'by-stranger', secrets: 'PLANTED = planted' },
  'a secret of several lines': { secrets: 'CERTIFICATE = certificate' },
  'a mapping that is none': { secrets: 'PLANTED planted' },
})) {
  test(`KeyVaultFetch fails in the same way: ${name}`, async () => {
    const result = await both([
      probe('before', { azureSubscription: inputs.azureSubscription || 'by-reader' }),
      vault('fetch', inputs),
      { task: 'Probe', name: 'skipped', inputs: {} },
      probe('after'),
    ]);
    assertSameRecord(result);
    assertSameEnvironment(result, 'after');
    const [, fetch, skipped] = result.mini.record.steps;
    assert.deepStrictEqual([fetch.result, fetch.errors > 0, skipped.result], ['Failed', true, 'Skipped']);
    assert.ok(!('SECRET_PLANTED' in result.mini.seen.after.environment), 'all or none');
  });
}
