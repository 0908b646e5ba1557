'use strict';
// The same job in `slipway run` and in the mini agent.

const assert = require('node:assert');
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { runJob } = require('./mini-agent');
const service = require('./service');
const { World, packages } = require('./slipway');

const LOCAL = `
organization: contoso
project: shop
tenant: contoso
subscription: shop
principals:
- name: reader
  credentials: [secret]
- name: stranger
  credentials: [secret]
- name: federated
  credentials: [federated]
vaults:
- name: shop
  readers: [reader, federated]
  secrets:
  - { name: planted, generate: { randomText: { length: 40 } } }
  - { name: second, generate: { randomText: { length: 20 } } }
  - { name: certificate, generate: { certificate: { subject: shop.example.com } } }
registries:
- { name: shopnonprod, pull: [reader], push: [federated] }
- { name: shopprod, push: [reader] }
serviceConnections:
- { name: by-reader, principal: reader, credential: secret }
- { name: by-stranger, principal: stranger, credential: secret }
- { name: federated, principal: federated, credential: federated }
variableGroups:
- name: settings
  variables: { LOG_LEVEL: debug }
  secrets:
  - { name: TOKEN, generate: { randomText: { length: 40 } } }
`;

/** The tasks of the tests, beside the packaged ones. */
const OF_TESTS = {
  Probe: path.join(__dirname, 'probe-task'),
  Restricted: path.join(__dirname, 'restricted-task'),
  NodeSample: path.join(__dirname, '../node-task'),
};
const folder = (name) => OF_TESTS[name] || packaged().get(name);

/** The folders of the packaged tasks by their names. */
function packaged() {
  const tasks = fs.readdirSync(packages).map((name) => path.join(packages, name)).filter((found) => fs.existsSync(path.join(found, 'task.json')));
  return new Map(tasks.map((found) => [JSON.parse(fs.readFileSync(path.join(found, 'task.json'), 'utf8')).name, found]));
}

/** A step that writes down the environment that it is given, whatever became of the steps before it. */
const probe = (name, inputs = {}, env = {}) => ({ task: 'Probe', name, inputs, env, always: true });

/** Whether the step writes down what it sees: a probe that is not skipped when a step before it fails. */
const isProbe = (step) => step.task === 'Probe' && step.always;

/** What stands in inputs for `<who>`: what one of the two has pushed, the other must not find. Of one length, since sizes are compared. */
const WHO = { slipway: 'the-first', mini: 'the-other' };

/** The steps as one of the two gets them: each probe with a file of its own. */
const stepsFor = (who, steps, world) =>
  steps.map(({ inputs, ...step }) => {
    const own = Object.fromEntries(Object.entries(inputs || {}).map(([name, value]) => [name, typeof value === 'string' ? value.replaceAll('<who>', WHO[who]) : value]));
    return { ...step, inputs: step.task === 'Probe' ? { file: world.path(`${who}-${step.name}.json`), ...own } : own };
  });

/** What the probes wrote, by their names. */
const seen = (who, steps, world) =>
  Object.fromEntries(
    steps.filter(isProbe).map(({ name }) => [name, JSON.parse(fs.readFileSync(world.path(`${who}-${name}.json`), 'utf8'))])
  );

/**
 * Runs `steps` (`{ task, name, inputs, env, always }`) in both, against one stand-in for Azure. `files` are the repository's, checked out
 * if there are any; with `group` the job has the variable group of the local Azure; `base` is added
 * to the agents' own environment. Returns `{ world, slipway: { status, output, record, seen }, mini: { record, seen } }`.
 */
async function both(steps, { variables = {}, files = {}, group = false, base = {} } = {}) {
  const checkout = Object.keys(files).length > 0;
  const world = new World((world) => {
    const yaml = stepsFor('slipway', steps, world).map(({ task, name, inputs, env = {}, always }) => ({
      task: `${task}@1`,
      name,
      displayName: `Step ${name}`,
      inputs,
      env,
      condition: always ? 'always()' : 'succeeded()',
    }));
    const listed = [...(group ? [{ group: 'settings' }] : []), ...Object.entries(variables).map(([name, value]) => ({ name, value }))];
    // JSON is YAML.
    const pipeline = JSON.stringify({ variables: listed, steps: [{ checkout: checkout ? 'self' : 'none' }, ...yaml] }, null, 2);
    return { 'slipway.local.yml': LOCAL, 'azure-pipelines.yml': pipeline, ...files };
  });
  Object.assign(world.base, base);
  return world.withAzure(async (azure) => {
    if (process.env.SLIPWAY_TEST_NODE_MODULES) fs.symlinkSync(process.env.SLIPWAY_TEST_NODE_MODULES, world.path('node_modules'));
    const { status, output } = world.run('azure-pipelines.yml', ...Object.values(OF_TESTS).flatMap((found) => ['--task', found]));
    assert.ok(fs.existsSync(path.join(world.state, 'runs/1/run.json')), output);
    const slipway = { status, output, record: world.record(1), seen: seen('slipway', steps, world) };
    const mini = world.path('mini');
    if (checkout) fs.cpSync(world.repository, path.join(mini, '_work/1/s'), { recursive: true });
    const connections = steps
      .filter((step) => isProbe(step) && step.inputs.azureSubscription)
      .map((step) => service.connection(step.inputs.azureSubscription, slipway.seen[step.name].environment));
    const sent = { ...service.variables(world, { pipeline: 'azure-pipelines', ...azure }), ...service.network(azure), ...variables };
    const secrets = { 'System.AccessToken': service.TOKEN };
    if (group) {
      sent.LOG_LEVEL = 'debug';
      secrets.TOKEN = Object.values(slipway.seen)[0].environment.SECRET_TOKEN;
    }
    service.register(azure, sent, connections);
    const record = await runJob({
      folder: mini,
      steps: stepsFor('mini', steps, world).map((step) => ({
        ...step,
        task: folder(step.task),
        id: randomUUID(),
        displayName: `Step ${step.name}`,
        inputs: service.resolve(step.inputs, connections),
      })),
      variables: sent,
      secrets,
      connections: [service.own(azure), ...connections],
      base: world.base,
    });
    return { world, slipway, mini: { record, seen: seen('mini', steps, world) } };
  });
}

const FILTERS = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<guid>'],
  [/\b[0-9a-f]{8}\.(json|sarif)\b/g, '<id>.$1'],
  [/^(thread '[^']+') \(\d+\)/gm, '$1 (<id>)'],
  [/ +time="[\d.]+"/g, ' time="<duration>"'],
  [/\b2\d{7}\.\d+\b/g, '<number>'],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?/g, '<time>'],
  [/\b\d+(\.\d+)? ?(ms|s|min)\b/g, '<duration>'],
  [/"(durationMs|durationMilliseconds|milliseconds|seconds)": ?[\d.]+/g, '"$1": <duration>'],
];

/** `value` without what differs from run to run: identifiers, times, the agent's folder, the token of the job. */
function steady(value, result, who) {
  const { world } = result;
  const [{ environment } = {}] = Object.values(result[who].seen);
  const token = environment ? environment.ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN : '<token>';
  const agent = who === 'mini' ? world.path('mini') : path.join(world.state, 'agents/1');
  const replace = (text) =>
    FILTERS.reduce(
      (changed, [pattern, replacement]) => changed.replace(pattern, replacement),
      text.replaceAll(token, '<token>').replaceAll(world.path(`${who}-`), '<probe>-').replaceAll(WHO[who], '<who>').replaceAll(agent, '<agent>').replaceAll(world.folder, '<world>')
    );
  const walk = (part) => {
    if (typeof part === 'string') return replace(part);
    if (Array.isArray(part)) return part.map(walk);
    if (part && typeof part === 'object') return Object.fromEntries(Object.entries(part).map(([key, inner]) => [replace(key), walk(inner)]));
    return part;
  };
  return walk(value);
}

/** What the agent itself says because of a command: its wording is not known to the mini agent. Lines that only report go. */
const NO_COMMAND = /^(##\[warning\])?'.*' contains logging command keyword '##vso'.*$/;
const REPORTS = /^( *Blocking waiting for file lock|Skipping step due to|Evaluating: |Published .*\btests?\b|Upload '.*' to file container|Associated artifact |Build '\d+' has following tags now)/;
const said = (text) => text.replace(NO_COMMAND, '$1<no command>');

/** What both records hold, in one shape. `slipway run` keeps artifacts and test runs per run, and not progress and details. */
function comparable(record) {
  const own = record.steps.filter((step) => step.name !== 'Checkout');
  const steps = own.map(({ name, result, issues = [], errors = 0, warnings = 0, lines = [], attachments = [], summaries = [] }) => ({
    name,
    result,
    issues: issues.map(({ type, message }) => ({ type, message: said(message) })),
    errors,
    warnings,
    lines: lines.flatMap((line) => line.split('\n')).filter((line) => !REPORTS.test(line)).map(said),
    attachments,
    summaries,
  }));
  const all = (key) => record[key] || record.steps.flatMap((step) => step[key] || []);
  const tests = all('tests').map(({ title, total, passed, failed, skipped, cases }) => ({ title, total, passed, failed, skipped, cases }));
  return { result: record.result, steps, outputs: record.outputs, tags: record.tags, artifacts: all('artifacts'), tests };
}

/** Checks that both recorded the same. */
function assertSameRecord(result) {
  const [slipway, mini] = ['slipway', 'mini'].map((who) => steady(comparable(result[who].record), result, who));
  assert.deepStrictEqual(slipway, mini);
}

module.exports = { assertSameRecord, both, packaged, probe, steady };
