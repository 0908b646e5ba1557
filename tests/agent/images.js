'use strict';
// ImagePublish and AcrPromote in `slipway run` and in the mini agent: the same image, the same words. Run by compare.test.js.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { assertSameRecord, both, probe } = require('./both');

const FILES = { 'dist/orders': '#!/bin/sh\necho orders\n', 'dist/static/index.html': '<h1>Shop</h1>\n' };
/** As if the run had been triggered by itself: what it publishes, it promotes. */
const TRIGGER = {
  'resources.pipeline.ci.runID': '$(Build.BuildId)',
  'resources.pipeline.ci.sourceCommit': '$(Build.SourceVersion)',
  'resources.pipeline.ci.projectID': '$(System.TeamProjectId)',
  'resources.pipeline.ci.pipelineID': '$(System.DefinitionId)',
};
const publish = (inputs = {}) => ({
  task: 'ImagePublish',
  name: 'publish',
  inputs: {
    azureSubscription: 'federated',
    azureContainerRegistry: 'shopnonprod',
    repository: 'shop/<who>',
    service: 'orders',
    folder: 'dist',
    entryPoint: '/app/orders',
    ...inputs,
  },
});
const promote = (inputs = {}) => ({
  task: 'AcrPromote',
  name: 'promote',
  inputs: {
    sourceAzureSubscription: 'by-reader',
    sourceAzureContainerRegistry: 'shopnonprod',
    targetAzureSubscription: 'by-reader',
    targetAzureContainerRegistry: 'shopprod',
    imagesFile: '$(Build.ArtifactStagingDirectory)/images/images.json',
    ...inputs,
  },
});
const run = (steps, variables = TRIGGER) =>
  both([probe('federated', { azureSubscription: 'federated' }), probe('reader', { azureSubscription: 'by-reader' }), ...steps, probe('after')], {
    files: FILES,
    variables,
    group: true,
  });
const step = (result, name) => result.mini.record.steps.find((found) => found.name === name);
const errors = (found) => found.issues.filter(({ type }) => type === 'error').map(({ message }) => message).join('\n');

/** Statements of provenance tell times, so their digests differ, and so does the digest of whatever holds one. That of the image does not. */
function assertSame(result) {
  const image = result.mini.record.outputs['publish.digest'];
  const digest = (text) => text.replace(/sha256:[0-9a-f]{64}/g, (found) => (found === image ? found : 'sha256:<another>'));
  const walk = (part) => {
    if (typeof part === 'string') return digest(part);
    if (Array.isArray(part)) return part.map(walk);
    if (part && typeof part === 'object') return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, walk(inner)]));
    return part;
  };
  for (const who of ['slipway', 'mini']) result[who].record = walk(result[who].record);
  assertSameRecord(result);
}

test('ImagePublish and AcrPromote push and copy the same image', async () => {
  const result = await run([publish({ tags: 'latest' }), promote({ tags: 'run-$(Build.BuildId)' })]);
  assertSame(result);
  assert.deepStrictEqual(['publish', 'promote'].map((name) => step(result, name).result), ['Succeeded', 'Succeeded'], JSON.stringify(result.mini.record, null, 2));
  const { outputs } = result.mini.record;
  assert.match(outputs['publish.digest'], /^sha256:[0-9a-f]{64}$/);
  assert.strictEqual(outputs['promote.reference'], `shopprod.azurecr.io/shop/the-other@${outputs['publish.digest']}`);
  for (const registry of ['shopnonprod', 'shopprod']) {
    for (const who of ['the-first', 'the-other']) {
      const file = path.join(result.world.state, 'azure/registries', registry, 'repositories', `shop%2F${who}.json`);
      const { manifests } = JSON.parse(fs.readFileSync(file, 'utf8'));
      assert.strictEqual(Object.keys(manifests).length, 2, `the image and its provenance in ${file}`);
    }
  }
});

test('ImagePublish and AcrPromote in a dry run tell the same plan', async () => {
  const result = await run([publish(), promote({ dryRun: 'true', tags: 'v1' })]);
  assertSame(result);
  assert.strictEqual(step(result, 'promote').result, 'Succeeded', errors(step(result, 'promote')));
  assert.ok(!fs.existsSync(path.join(result.world.state, 'azure/registries/shopprod/repositories/shop%2Fthe-other.json')), 'something was copied');
});

for (const [name, { steps, variables, failed, code }] of Object.entries({
  'no right to push': { steps: [publish({ azureSubscription: 'by-reader' }), promote()], failed: 'publish', code: 'SLIP-REG-403' },
  'several inputs are wrong': {
    steps: [publish({ repository: 'Shop/Orders', ports: '70000', tags: 'a b' }), promote()],
    failed: 'publish',
    code: 'SLIP-INPUT',
  },
  'the image is of another run': {
    steps: [publish(), promote()],
    variables: { ...TRIGGER, 'resources.pipeline.ci.runID': '7' },
    failed: 'promote',
    code: 'SLIP-PROMOTE-PROVENANCE',
  },
  'the run has no pipeline resource': { steps: [publish(), promote()], variables: {}, failed: 'promote', code: 'SLIP-PROMOTE-RESOURCE' },
})) {
  test(`publishing and promoting fail in the same way: ${name}`, async () => {
    const result = await run(steps, variables);
    assertSame(result);
    assert.strictEqual(step(result, failed).result, 'Failed');
    assert.ok(errors(step(result, failed)).includes(code), errors(step(result, failed)));
    assert.ok(!fs.existsSync(path.join(result.world.state, 'azure/registries/shopprod/repositories/shop%2Fthe-other.json')), 'something was copied');
  });
}
