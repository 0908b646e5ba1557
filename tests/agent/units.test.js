'use strict';
// The mini agent's own parts.

const assert = require('node:assert');
const { test } = require('node:test');
const junit = require('./junit');
const { parse } = require('./logging-command');
const { Masker } = require('./masker');
const { Variables, environmentName } = require('./variables');

test('a command is found anywhere in a line', () => {
  const command = parse('before ##vso[Task.SetVariable Variable=a;isSecret=true;empty=;]v%3B%0D%0A%5D%AZP25%25');
  assert.deepStrictEqual([command.name, [...command.properties]], ['task.setvariable', [['variable', 'a'], ['issecret', 'true']]]);
  assert.strictEqual(command.data, 'v;\r\n]%%25');
});

test('what is no command', () => {
  assert.strictEqual(parse('##[error]text'), null);
  for (const line of ['##vso[task.complete', '##vso[task]', '##vso[a.b.c]', '##vso[.b]']) assert.strictEqual(parse(line), undefined, line);
});

test('what is decoded last is not decoded twice', () => {
  assert.strictEqual(parse('##vso[task.debug]%AZP253B').data, '%3B');
});

test('a masker knows the forms of a value', () => {
  const masker = new Masker();
  masker.add('a "b" c');
  masker.addInitial('initial');
  masker.add('overlap');
  masker.add('lapping');
  assert.strictEqual(masker.mask('x a "b" c, a \\"b\\" c, a%20%22b%22%20c, aW5pdGlhbA==, overlapping'), 'x ***, ***, ***, ***, ***');
  masker.add('');
  assert.strictEqual(masker.mask('nothing'), 'nothing');
});

test('macros are replaced once in an input and recursively in a variable', () => {
  const variables = new Variables(new Masker());
  variables.set('a', '$(b)$(unknown');
  variables.set('b', '$(c)');
  variables.set('c', '3');
  variables.set('loop', '$(loop)');
  assert.strictEqual(variables.expand('$(A) $(none) $($(c)) $(loop) $(HOME)', { HOME: '/h' }), '3$(unknown $(none) $(3) $(loop) /h');
});

test('what holds a secret is secret, and a secret stays one', () => {
  const variables = new Variables(new Masker());
  variables.set('key', 'k1', { secret: true });
  variables.set('key', 'k2');
  variables.set('url', 'https://$(KEY)@host');
  assert.deepStrictEqual(['key', 'url', 'other'].map((name) => variables.isSecret(name)), [true, true, false]);
  assert.strictEqual(variables.masker.mask('k1 k2'), '*** ***');
});

test('names in the environment', () => {
  assert.strictEqual(environmentName('my.own name-x'), 'MY_OWN_NAME-X');
});

test('JUnit files are counted', () => {
  const read = junit.read(`<?xml version="1.0"?><testsuites><testsuite name="s">
    <testcase name="a > b"/><testcase name="c &lt;d&gt;"><failure message="left &#10;right"><![CDATA[<testcase/>]]></failure></testcase>
    <testcase name="e"><skipped/></testcase><!-- <testcase/> --><testcase name="f"><error message='"x"'/><system-out>no</system-out></testcase></testsuite></testsuites>`);
  assert.deepStrictEqual(read, {
    total: 4,
    passed: 1,
    failed: 2,
    skipped: 1,
    cases: [
      { name: 'c <d>', outcome: 'failed', message: 'left \nright' },
      { name: 'e', outcome: 'skipped', message: '' },
      { name: 'f', outcome: 'failed', message: '"x"' },
    ],
  });
});
