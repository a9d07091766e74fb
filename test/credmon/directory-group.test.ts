// The credential directory may be written by its group: credd's account, and the web server of another page. Root's
// monitor must not be led outside by what they put there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeUserDirectory } from '../../src/credmon/directory-user.ts';
import { openCredentialDirectory } from '../../src/credmon/index.ts';
import { writeCredmonPid } from '../../src/daemon/credmon/credmon-pid.ts';
import { openRequestFiles } from '../../src/daemon/web/request-files.ts';
import { runProgram, Secret } from '../../src/kit/index.ts';
import { until } from '../support/credential-directory.ts';
import { startCredmonProcess } from '../support/credmon-process.ts';
import { endsWith, workspace } from '../support/workspace.ts';

/** Another account of the group, on Debian `nobody`. */
const OTHER = 65_534;

test('a link under the name of the temporary pid file is not written through', (t) => {
  const base = workspace(t);
  const victim = join(base, 'victim');
  writeFileSync(victim, 'precious');
  const directory = join(base, 'D');
  mkdirSync(directory);
  symlinkSync(victim, join(directory, `.pid.${process.pid}`));
  const pid = writeCredmonPid(directory);
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.equal(lstatSync(join(directory, 'pid')).isFile(), true);
  assert.equal(pid.isOurs(), true);
  // Taken away, and a link to a copy in its place.
  const copy = join(base, 'copy');
  writeFileSync(copy, String(process.pid));
  rmSync(join(directory, 'pid'));
  symlinkSync(copy, join(directory, 'pid'));
  assert.equal(pid.isOurs(), false);
});

test('a pid that is a FIFO or a link holds no start up; one that is a directory is told', async (t) => {
  for (const kind of ['fifo', 'link']) {
    const base = workspace(t);
    const path = join(base, 'credentials');
    mkdirSync(path);
    chmodSync(path, 0o2770);
    if (kind === 'link') symlinkSync('/dev/zero', join(path, 'pid'));
    else assert.equal((await runProgram('mkfifo', [join(path, 'pid')])).code, 0);
    const monitor = startCredmonProcess(t, { base });
    await monitor.complete();
    assert.equal(readFileSync(join(path, 'pid'), 'latin1'), String(monitor.child.pid));
  }
  const directory = join(workspace(t), 'D');
  mkdirSync(join(directory, 'pid'), { recursive: true });
  assert.throws(() => writeCredmonPid(directory), /cannot write ".*pid": E(ISDIR|PERM)/);
});

test('whoever swaps a user’s new directory for a link is not given what the link leads to', {
  skip: process.geteuid?.() === 0 ? false : 'only root gives directories away',
}, async (t) => {
  const base = workspace(t);
  chmodSync(base, 0o755);
  const victim = join(base, 'victim');
  mkdirSync(victim, { mode: 0o700 });
  const path = join(base, 'D');
  mkdirSync(path);
  chownSync(path, OTHER, OTHER);
  chmodSync(path, 0o2770);
  const directory = await openCredentialDirectory(path);
  const swap = `
      const { renameSync, symlinkSync } = require('node:fs');
      process.setgroups([]); process.setgid(${OTHER}); process.setuid(${OTHER});
      const [, path, victim] = process.argv;
      console.log('ready');
      // Bounded, whatever becomes of the test: it fills a directory.
      const end = Date.now() + 60_000;
      for (let n = 0; n < 500_000 && Date.now() < end; n += 1) try {
        renameSync(path + '/alice', path + '/moved' + n);
        symlinkSync(victim, path + '/alice');
      } catch {}`;
  const attacker = spawn(process.execPath, ['-e', swap, path, victim], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(attacker, 'close');
  // Before its directory goes: nobody removes what is filled all the time.
  endsWith(t, base, async () => {
    attacker.kill('SIGKILL');
    await gone;
  });
  await once(attacker.stdout, 'data');
  for (let round = 0; round < 1_500; round += 1) {
    try {
      makeUserDirectory(directory, 'alice');
    } catch {
      // Refused, or gone: either is right.
    }
    assert.equal(statSync(victim).uid, 0, `round ${round}`);
    for (const name of readdirSync(path)) {
      try {
        rmSync(join(path, name), { recursive: true, force: true });
      } catch {
        // Swapped meanwhile.
      }
    }
  }
});

test('a state directory into which others may write is not used, and nothing is written through what lies there', async (t) => {
  const base = workspace(t);
  const state = join(base, 'state');
  const victim = join(base, 'victim');
  writeFileSync(victim, 'precious');
  mkdirSync(state);
  symlinkSync(victim, join(state, 'audit.jsonl'));
  chmodSync(state, 0o777);
  const monitor = startCredmonProcess(t, { base, config: [`LATCHKEY_CREDMON_STATE = ${state}`] });
  await monitor.complete();
  mkdirSync(join(monitor.path, 'alice'), { mode: 0o700 });
  writeFileSync(join(monitor.path, 'alice', 'scitokens.top'), 'x', { mode: 0o600 });
  monitor.child.kill('SIGHUP');
  await until(() => monitor.log().includes('Successfully renewed alice/scitokens'));
  monitor.child.kill('SIGTERM');
  await monitor.ended;
  assert.match(monitor.log(), /ERROR: the state directory is not there: .* can be changed by others/);
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.deepEqual(readdirSync(state), ['audit.jsonl']);
});

test('a request file asks for files of its own user only', async (t) => {
  const directory = workspace(t);
  for (const user of ['alice', 'bob']) mkdirSync(join(directory, user));
  writeFileSync(join(directory, 'bob', 'secret.top'), '{"refresh_token":"x"}');
  symlinkSync(join(directory, 'bob'), join(directory, 'carol'));
  const request = {
    provider: 'secret',
    localUser: 'bob',
    handle: '',
    scopes: '',
    audience: '',
    clientId: '',
    clientSecret: new Secret(''),
    returnUrl: '',
    authorizationUrl: '',
    tokenUrl: '',
  };
  const files = openRequestFiles(directory);
  assert.equal(await files.isStored(request), true);
  assert.equal(await files.isStored({ ...request, localUser: 'carol' }), false);
  for (const handle of ['a/../../bob/secret', '../bob/secret', '/../../bob/secret'])
    assert.equal(await files.isStored({ ...request, provider: 'x', localUser: 'alice', handle }), false);
});
