'use strict';
// The same job in `slipway run` and in the mini agent: same environment, same record.

const assert = require('node:assert');
const { test } = require('node:test');
const { assertSameRecord, both, probe, steady } = require('./both');

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
  SYSTEM_CULTURE: UNDOCUMENTED,
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
