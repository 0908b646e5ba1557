'use strict';
// LintBuildTest in `slipway run` and in the mini agent: what it publishes, and what it does not let through. Run by compare.test.js.

const assert = require('node:assert');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { assertSameRecord, both, probe } = require('./both');

const home = (name, folder) => ({ [name]: process.env[name] || path.join(os.homedir(), folder) });
const RUST = { ...home('CARGO_HOME', '.cargo'), ...home('RUSTUP_HOME', '.rustup') };

const CRATE = {
  '.gitignore': 'target\n',
  'Cargo.toml': '[package]\nname = "sample"\nversion = "0.1.0"\nedition = "2024"\n',
  'Cargo.lock': 'version = 4\n\n[[package]]\nname = "sample"\nversion = "0.1.0"\n',
};
const GOOD = `//! A sample.

/// Twice \`x\`.
#[must_use]
pub const fn twice(x: u8) -> u8 {
    x * 2
}

#[cfg(test)]
mod tests {
    #[test]
    fn doubles() {
        assert_eq!(super::twice(2), 4);
    }
}
`;
const INTEGRATION = `#[test]
fn gets_the_secret() {
    assert_eq!(std::env::var("KEY").map(|key| key.len()), Ok(40));
}
`;
/** What a test prints, it prints to the agent, too. */
const HOSTILE = GOOD.replace('assert_eq!(super::twice(2), 4);', 'println!("##vso[task.setvariable variable=evil]1");\n        eprintln!("##vso[task.complete result=Succeeded]");\n        assert_eq!(super::twice(2), 5);');

const run = (inputs, files) =>
  both([probe('before'), { task: 'LintBuildTest', name: 'check', inputs }, probe('after')], { files: { ...CRATE, ...files }, group: true, base: RUST });
const step = (result) => result.mini.record.steps.find((found) => found.name === 'check');

test('LintBuildTest checks the same package in the same way', async () => {
  const result = await run({ testRunTitle: 'Sample' }, { 'src/lib.rs': GOOD });
  assertSameRecord(result);
  const { result: outcome, tests, artifacts } = step(result);
  assert.deepStrictEqual([outcome, tests.map(({ passed, failed }) => [passed, failed]), artifacts.map(({ name }) => name)], ['Succeeded', [[1, 0]], ['CodeAnalysisLogs']]);
  assert.strictEqual(result.mini.record.outputs['check.result'], 'succeeded');
});

test('LintBuildTest gives a secret of the job to the integration tests', async () => {
  const inputs = { checks: 'unit-tests\nintegration-tests', integrationTestEnvironment: 'KEY = TOKEN' };
  const result = await run(inputs, { 'src/lib.rs': GOOD, 'tests/secret.rs': INTEGRATION });
  assertSameRecord(result);
  assert.strictEqual(step(result).result, 'Succeeded', step(result).lines.join('\n'));
});

test('LintBuildTest fails in the same way, and what a test prints is no command', async () => {
  const result = await run({ testRunTitle: 'Sample' }, { 'src/lib.rs': HOSTILE.replace('x * 2', 'return x * 2;') });
  assertSameRecord(result);
  const { result: outcome, issues, tests, lines } = step(result);
  assert.deepStrictEqual([outcome, tests.map(({ passed, failed }) => [passed, failed])], ['Failed', [[0, 1]]]);
  assert.ok(issues.some(({ message }) => /^src\/lib\.rs\(6,5\): .*needless_return/.test(message)), JSON.stringify(issues, null, 2));
  assert.ok(lines.some((line) => line.includes('task.setvariable variable=evil')), 'the control: the test did print it');
  for (const who of ['slipway', 'mini']) assert.ok(!('EVIL' in result[who].seen.after.environment), who);
});
