'use strict';
// tasks/launch.js, under each Node of SLIPWAY_TEST_NODES (paths, separated by colons; else the one that runs this).
// Run: node --test tests/launch

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const { Task, assertFailed, compile, newFolder, nodes, pack, planted, platform, probe, report } = require('./harness.js');

const mine = `slipway-${process.getuid()}`;
const reinstall = (task) =>
  `Next: delete the folder \`${task.folder}\` and the file \`${task.folder}.completed\` on this agent; it then downloads the task again.`;

for (const node of nodes) {
  describe(`launch.js under Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}`, { concurrency: false }, () => {
    it('starts the program with its arguments, environment and streams', async () => {
      const task = new Task();
      const run = report(await task.run(node, ['report', 'INPUT_KEYVAULT', 'SECRET_MY-KEY', 'UNSET'], { env: { INPUT_KEYVAULT: 'a\nb', 'SECRET_MY-KEY': 'x' } }));
      // report() splits at line ends: the second line of INPUT_KEYVAULT is a key of its own.
      assert.deepStrictEqual(run, { program: task.file, INPUT_KEYVAULT: 'a', b: undefined, 'SECRET_MY-KEY': 'x', UNSET: '(unset)' });
      task.assertUnpackedInPlace();
    });

    it('ends with the exit code of the program', async () => {
      const task = new Task();
      for (const code of [0, 1, 3, 137]) {
        assert.deepStrictEqual(await task.run(node, ['exit', String(code)]), { code, signal: null, stdout: '', stderr: '' });
      }
    });

    it('unpacks once', async () => {
      const task = new Task();
      await task.run(node, ['exit', '0']);
      const [first, stamp] = [fs.statSync(task.file), fs.readFileSync(`${task.file}.verified`, 'utf8')];
      fs.rmSync(task.packed);
      assert.strictEqual((await task.run(node, ['exit', '0'])).code, 0);
      const second = fs.statSync(task.file);
      assert.deepStrictEqual([second.ino, second.mtimeMs], [first.ino, first.mtimeMs]);
      assert.strictEqual(fs.readFileSync(`${task.file}.verified`, 'utf8'), stamp);
    });

    it('restores a missing execute bit', async () => {
      const task = new Task();
      await task.run(node, ['exit', '0']);
      fs.chmodSync(task.file, 0o644);
      assert.strictEqual(report(await task.run(node, ['report'])).program, task.file);
      task.assertUnpackedInPlace();
    });

    describe('in a read-only task folder', () => {
      it('unpacks into a private folder below the agent\'s temp folder', async () => {
        const task = new Task();
        await task.whileReadOnly(async () => {
          const { program } = report(await task.run(node, ['report'], { readOnly: true }));
          assert.strictEqual(path.dirname(program), path.join(task.temp, mine));
          assert.match(path.basename(program), new RegExp(`^probe-${platform}-[0-9a-f]{16}\\.bin$`));
          const before = fs.statSync(program);
          assert.strictEqual(report(await task.run(node, ['report'], { readOnly: true })).program, program);
          assert.strictEqual(fs.statSync(program).ino, before.ino, 'unpacked once there, too');
        });
        assert.strictEqual(fs.statSync(path.join(task.temp, mine)).mode & 0o777, 0o700);
        assert.deepStrictEqual(task.unpacked(), []);
        // Control: where it may write, it does.
        assert.strictEqual(report(await task.run(node, ['report'], { readOnly: true })).program, task.file);
      });

      it('runs what was unpacked there before', async () => {
        const task = new Task();
        await task.run(node, ['exit', '0']);
        await task.whileReadOnly(async () => assert.strictEqual(report(await task.run(node, ['report'], { readOnly: true })).program, task.file));
        assert.deepStrictEqual(fs.readdirSync(task.temp), []);
      });

      it('uses the system\'s temp folder where there is no agent', async () => {
        const task = new Task();
        const temp = newFolder();
        await task.whileReadOnly(async () => {
          const run = await task.run(node, ['report'], { readOnly: true, env: { AGENT_TEMPDIRECTORY: '', TMPDIR: temp } });
          assert.strictEqual(path.dirname(report(run).program), path.join(temp, mine));
        });
      });

      it('replaces a corrupt program in the temp folder', async () => {
        const task = new Task();
        await task.whileReadOnly(async () => {
          const { program } = report(await task.run(node, ['report'], { readOnly: true }));
          fs.writeFileSync(program, Buffer.alloc(probe.length));
          assert.strictEqual(report(await task.run(node, ['report'], { readOnly: true })).program, program);
        });
      });

      it('refuses a temp folder that others can write, and names each place', async () => {
        const task = new Task();
        const folder = path.join(task.temp, mine);
        fs.mkdirSync(folder);
        fs.chmodSync(folder, 0o777);
        const run = await task.whileReadOnly(() => task.run(node, ['report'], { readOnly: true }));
        const opening = /EACCES: permission denied, open '[^']*'/;
        assert.match(run.stdout, opening);
        assertFailed(
          { ...run, stdout: run.stdout.replace(opening, '(1)') },
          `\`probe\` cannot be started: (1); \`${folder}\` is not a folder of this user that is closed to others. ` +
            'Next: let the agent\'s user write and execute files in its task folder or its temp folder (no `noexec` mount).'
        );
      });
    });

    for (const [what, preload] of [
      ['is mounted with noexec', 'noexec-mount.js'],
      ['may not be executed from', 'exec-refused.js'],
    ]) {
      it(`goes to the temp folder when the task folder ${what}`, async () => {
        const task = new Task();
        const { program } = report(await task.run(node, ['report'], { preload }));
        assert.strictEqual(path.dirname(program), path.join(task.temp, mine));
      });
    }

    describe('with a corrupt program', () => {
      for (const [how, content] of [
        ['of the right size', Buffer.alloc(probe.length, 'x')],
        ['cut off', probe.subarray(0, 1000)],
        ['empty', Buffer.alloc(0)],
      ]) {
        it(`unpacks it anew (${how})`, async () => {
          const task = new Task();
          await task.run(node, ['exit', '0']);
          fs.writeFileSync(task.file, content);
          assert.strictEqual(report(await task.run(node, ['report'])).program, task.file);
          task.assertUnpackedInPlace();
        });
      }

      it('is not deceived by a change that keeps size and modification time', async () => {
        const task = new Task();
        await task.run(node, ['exit', '0']);
        const { atime, mtime } = fs.statSync(task.file);
        fs.writeFileSync(task.file, Buffer.alloc(probe.length, 'x'));
        fs.utimesSync(task.file, atime, mtime);
        assert.strictEqual((await task.run(node, ['exit', '3'])).code, 3);
        task.assertUnpackedInPlace();
      });
    });

    describe('with a damaged package', () => {
      const damaged = (task, file, why) => `The task's package is damaged: \`${file}\` ${why}. ${reinstall(task)}`;

      it('names the packed file whose content is another', async () => {
        const task = new Task();
        fs.writeFileSync(task.packed, pack(Buffer.alloc(probe.length)));
        const run = await task.run(node, ['exit', '0']);
        const found = /has SHA-256 ([0-9a-f]{64})/.exec(run.stdout)[1];
        const { sha256 } = JSON.parse(fs.readFileSync(path.join(task.bin, 'manifest.json'))).platforms[platform];
        assertFailed(run, damaged(task, task.packed, `cannot be used (unpacked, it has SHA-256 ${found}, expected ${sha256})`));
        assert.deepStrictEqual(task.unpacked(), [], 'nothing is left behind');
      });

      for (const [how, damage, why] of [
        ['that is cut off', (task) => fs.truncateSync(task.packed, 500), 'unexpected end of file'],
        ['that is no brotli', (task) => fs.writeFileSync(task.packed, 'not brotli at all'), 'Decompression failed'],
        ['that is missing', (task) => fs.rmSync(task.packed), 'ENOENT: no such file or directory'],
        ['that unpacks to far too much', (task) => fs.writeFileSync(task.packed, pack(Buffer.alloc(1 << 24))), /Cannot create a Buffer larger than \d+ bytes/],
      ]) {
        it(`names a packed file ${how}`, async () => {
          const task = new Task();
          damage(task);
          const run = await task.run(node, ['exit', '0']);
          assertFailed(run, damaged(task, task.packed, `cannot be used (${why instanceof RegExp ? why.exec(run.stdout)[0] : why})`));
          assert.deepStrictEqual(task.unpacked(), []);
        });
      }

      it('names a manifest that is missing', async () => {
        const task = new Task();
        const manifest = path.join(task.bin, 'manifest.json');
        fs.rmSync(manifest);
        assertFailed(await task.run(node, ['exit', '0']), damaged(task, manifest, 'cannot be read (ENOENT: no such file or directory)'));
      });
    });

    for (const [state, prepare] of [
      ['a fresh task folder', () => {}],
      ['a corrupt program', (task) => fs.writeFileSync(task.file, Buffer.alloc(probe.length))],
    ]) {
      it(`serves ten jobs that start at once on ${state}`, async () => {
        const task = new Task();
        prepare(task);
        const runs = await Promise.all(Array.from({ length: 10 }, () => task.run(node, ['report'])));
        for (const run of runs) assert.strictEqual(report(run).program, task.file);
        task.assertUnpackedInPlace();
        assert.deepStrictEqual(fs.readdirSync(task.temp), [], 'none of them had to evade');
      });
    }

    it('removes what killed unpackings left, and leaves living ones alone', async () => {
      const task = new Task();
      const [old, young] = ['old', 'young'].map((name) => path.join(task.bin, `.probe.${name}.tmp`));
      for (const file of [old, young]) fs.writeFileSync(file, 'half');
      const hoursAgo = Date.now() / 1000 - 2 * 3600;
      fs.utimesSync(old, hoursAgo, hoursAgo);
      assert.strictEqual((await task.run(node, ['exit', '0'])).code, 0);
      assert.deepStrictEqual([fs.existsSync(old), fs.existsSync(young)], [false, true]);
    });

    it('forwards SIGINT and SIGTERM and stays until the program has ended', async () => {
      const run = new Task().start(node, ['signals']);
      await run.line('ready');
      run.child.kill('SIGINT');
      await run.line('got SIGINT');
      assert.strictEqual(run.child.exitCode, null);
      run.child.kill('SIGTERM');
      assert.deepStrictEqual(await run.ended, { code: 7, signal: null, stdout: 'ready\ngot SIGINT\ngot SIGTERM\n', stderr: '' });
    });

    it('fails the step when the program is killed by a signal', async () => {
      const task = new Task();
      for (const [signal, why] of [
        ['SIGKILL', 'Often the system ran out of memory: look for it in the agent\'s system log, and give the job more.'],
        ['SIGSEGV', 'That is a defect: please report it with this log.'],
      ]) {
        const number = os.constants.signals[signal];
        const run = await task.run(node, ['die', String(number)]);
        assert.match(run.stdout, /^half a line\n##vso/);
        assertFailed({ ...run, stdout: run.stdout.slice('half a line'.length) }, `\`probe\` was ended by ${signal} before it had finished. ${why}`, 128 + number);
      }
    });

    it('says that the job was cancelled when a program dies of the forwarded signal', async () => {
      const run = new Task().start(node, ['wait']);
      await run.line('ready');
      run.child.kill('SIGTERM');
      const ended = await run.ended;
      assertFailed({ ...ended, stdout: ended.stdout.slice('ready\n'.length) }, '`probe` was ended by SIGTERM before it had finished. The job was cancelled.', 143);
    });

    it('names the supported platforms on any other', async () => {
      const message = (found, supported) =>
        `\`probe\` has no program for this agent: ${found}. Supported: ${supported}. Next: run the job on an agent of a supported platform.`;
      const task = new Task({ platforms: ['linux-x64', 'win32-x64'] });
      assertFailed(await task.run(node, ['exit', '0'], { preload: 'on-another-machine.js' }), message(`${process.platform}-arm`, 'linux-x64, win32-x64'));
      assertFailed(await new Task({ platforms: ['plan9-vax'] }).run(node, ['exit', '0']), message(platform, 'plan9-vax'));
    });

    if (process.platform === 'linux') {
      it('explains a program whose loader is missing', async () => {
        const task = new Task({ program: compile('-Wl,--dynamic-linker=/no/such/loader') });
        assertFailed(
          await task.run(node, ['exit', '0']),
          `\`${task.file}\` cannot be started (ENOENT): it needs a program loader that this system does not have. ` +
            `It was not linked statically, as released packages are. ${reinstall(task)}`
        );
      });
    }

    it('explains a program of another machine', async () => {
      const task = new Task();
      assertFailed(
        await task.run(node, ['exit', '0'], { preload: 'foreign-format.js' }),
        `\`${task.file}\` cannot be started (ENOEXEC): it is not a program for ${platform}. ${reinstall(task)}`
      );
    });

    it('escapes what it puts into logging commands', async () => {
      const task = new Task({ name: '1.0%0A##vso[task.setvariable variable=x]y\r\nz' });
      fs.rmSync(task.packed);
      const run = await task.run(node, ['exit', '0']);
      assert.ok(run.stdout.includes('1.0%AZP250A##vso[task.setvariable variable=x]y%0D%0Az'), run.stdout);
      assert.strictEqual(run.stdout.split(/\r\n|\r|\n/).length, 4, 'an empty line, two commands, and the end');
    });

    it('never prints a value of the environment', async () => {
      const task = new Task();
      const seen = await task.run(node, ['report', 'SECRET_PLANTED']);
      assert.ok(seen.stdout.includes(planted), 'control: the value is there to be printed');
      for (const damage of [() => fs.rmSync(task.file), () => fs.rmSync(task.packed), () => fs.rmSync(path.join(task.bin, 'manifest.json'))]) {
        damage();
        const run = await task.run(node, ['die', '9']);
        assert.ok(run.stdout.includes('result=Failed'));
        assert.ok(!(run.stdout + run.stderr).includes(planted));
      }
    });
  });
}
