'use strict';
const fs = require('node:fs');
const path = require('node:path');
const tl = require('azure-pipelines-task-lib/task');

/** Tells what the task was given, for the test to compare. */
const saw = (name, value) => console.log(`saw ${JSON.stringify([name, value === undefined ? null : value])}`);

/** Runs a tool as tasks do: with its output by lines. */
async function tool(name, args, options = {}) {
  const lines = [];
  const runner = tl.tool(tl.which(name, true)).arg(args);
  runner.on('stdline', (line) => lines.push(line));
  runner.on('errline', (line) => lines.push(`stderr: ${line}`));
  const code = await runner.execAsync({ silent: true, ignoreReturnCode: true, ...options });
  return { code, lines };
}

async function main() {
  tl.setResourcePath(path.join(__dirname, 'task.json'));
  tl.debug('only in debug');

  saw('greeting', tl.getInputRequired('greeting'));
  const list = tl.getDelimitedInput('list', '\n', true);
  saw('list', list);
  saw('verbose', tl.getBoolInput('verbose', true));
  saw('level', tl.getInput('level'));
  saw('folder', path.relative(tl.getVariable('Build.SourcesDirectory'), tl.getPathInput('folder', true, true)));
  saw('supplied', [tl.filePathSupplied('folder'), tl.filePathSupplied('file')]);
  saw('missing', tl.getInput('missing', false));
  try {
    tl.getInputRequired('missing');
  } catch (error) {
    saw('missing and required', error.message);
  }
  console.log(tl.loc('Hello', list[0], list.length - 1));

  const connection = tl.getInputRequired('connectedServiceName');
  const authorization = tl.getEndpointAuthorization(connection, false);
  saw('scheme', [authorization.scheme, tl.getEndpointAuthorizationScheme(connection, false)]);
  saw('parameters', Object.keys(authorization.parameters).sort());
  saw('key', tl.getEndpointAuthorizationParameter(connection, 'serviceprincipalkey', false).length);
  saw('url', tl.getEndpointUrl(connection, false));
  saw('environment', tl.getEndpointDataParameter(connection, 'environment', true));
  saw('own connection', [tl.getEndpointUrl('SYSTEMVSSCONNECTION', false), tl.getEndpointAuthorizationScheme('SYSTEMVSSCONNECTION', false)]);

  saw('plain', tl.getVariable('plain'));
  saw('dotted', tl.getVariable('with.dot and space'));
  saw('secret', [tl.getVariable('outer.secret').length, process.env.SECRET_OUTER_SECRET === undefined]);
  console.log(`the secret is ${tl.getVariable('outer.secret')}`);
  saw('secret by its kind', tl.getVariables().find((known) => known.name === 'outer.secret').secret);
  tl.setTaskVariable('state', 'kept');
  saw('task variable', tl.getTaskVariable('state'));
  saw('proxy', Boolean(tl.getHttpProxyConfiguration('https://shop.vault.azure.net/')));
  saw('agent', [tl.getVariable('Agent.OS'), tl.getPlatform() === tl.Platform.Linux]);
  tl.assertAgent('2.115.0');

  const version = await tool('git', ['--version']);
  saw('git', [version.code, /^git version \d/.test(version.lines[0])]);
  saw('node', await tool('node', ['-e', 'console.log("out"); console.error("err"); process.exit(3)']));
  saw('environment of a tool', await tool('node', ['-p', 'Object.keys(process.env).filter((name) => /^(INPUT_|ENDPOINT_AUTH|SECRET_)/.test(name)).join()']));
  saw('exec', await tl.execAsync('sh', ['-c', 'echo from a tool'], { env: { PATH: process.env.PATH } }));
  try {
    await tool('node', ['-e', 'process.exit(4)'], { ignoreReturnCode: false });
  } catch (error) {
    saw('failing tool', error.message.replace(/'[^']*node'/, "'node'"));
  }

  const temp = tl.getVariable('Agent.TempDirectory');
  const out = path.join(temp, 'node-sample');
  tl.mkdirP(path.join(out, 'inner'));
  tl.writeFile(path.join(out, 'a.txt'), 'a');
  tl.writeFile(path.join(out, 'inner/b.txt'), 'b');
  tl.writeFile(path.join(temp, 'NodeSample.md'), '# From a Node task\n');
  tl.writeFile(path.join(temp, 'node-sample.xml'), '<testsuite name="s"><testcase name="a" classname="c"/><testcase name="b" classname="c"><failure message="no; 100%]"/></testcase></testsuite>');
  saw('found', tl.findMatch(out, '**/*.txt').map((file) => path.relative(out, file)));
  tl.uploadArtifact('node-sample', out, 'node-sample');
  tl.uploadSummary(path.join(temp, 'NodeSample.md'));
  tl.uploadFile(path.join(out, 'a.txt'));
  tl.addAttachment('sample.v1', 'b', path.join(out, 'inner/b.txt'));
  new tl.TestPublisher('JUnit').publish([path.join(temp, 'node-sample.xml')], 'true', '', '', 'A Node task', 'false');
  tl.addBuildTag('node-sample');
  tl.setProgress(50, 'half');

  tl.setVariable('awkward', 'a;b]c%d\\e%3B');
  tl.setVariable('made', 'made-secret', true);
  tl.setVariable('asOutput', 'of the task', false, true);
  tl.setVariable('listLength', String(list.length));
  console.log('made-secret is masked');
  tl.prependPath(path.join(out, 'bin'));
  tl.warning('careful; 100%]');
  if (fs.existsSync(path.join(temp, '.taskkey'))) saw('key file', true);
  const result = tl.getInputRequired('result');
  tl.setResult(tl.TaskResult[result], `ends as ${result}`, true);
}

main().catch((error) => tl.setResult(tl.TaskResult.Failed, error.message));
