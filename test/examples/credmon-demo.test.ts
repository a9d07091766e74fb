// The demonstration of the credential monitor, as `npm run demo:credmon` runs it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../access-point/waiting.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

interface Run {
  readonly child: ChildProcess;
  /** All that was printed so far. */
  screen(): string;
  readonly exit: Promise<number | null>;
  /** The private place for its temporary directories. */
  readonly directory: string;
}

function run(t: TestContext, ...args: string[]): Run {
  const directory = workspace(t);
  const child = spawn(
    process.execPath,
    [join(repositoryRoot, 'scripts', 'bootstrap.mjs'), 'demo', 'credmon', ...args],
    { env: { ...process.env, TMPDIR: directory }, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let screen = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
    });
  }
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.after(() => child.kill('SIGTERM'));
  return { child, screen: () => screen, exit, directory };
}

test('demo:credmon --auto: two logins, a job, two renewals of each token, a revocation, nothing left', async (t) => {
  const { screen, exit, directory } = run(t, '--auto');
  assert.equal(await exit, 0, screen());
  assert.match(screen(), /Hellow, alice\.\n.*Please visit: http:\/\/localhost:\d+\/key\/[0-9a-f]{64}/);
  assert.match(screen(), /both logins are stored/);
  for (const handle of ['read', 'write']) {
    const renewals = screen().match(new RegExp(`job has a new token +mytokens_${handle}\\.use`, 'g'));
    assert.ok((renewals?.length ?? 0) >= 2, screen());
  }
  assert.match(screen(), /was asked to revoke the refresh token/);
  assert.doesNotMatch(screen(), /eyJ/, 'no token on the screen');
  assert.deepEqual(readdirSync(directory), []);
});

test('demo:credmon waits for a person, and ^C puts everything away', async (t) => {
  const { child, screen, exit, directory } = run(t);
  await eventually(() => /▶ open http:/.test(screen()), 'the URL', 120_000);
  const [monitor = ''] = /(?<=started condor_credmon_oauth as process )\d+/.exec(screen()) ?? [];
  // A terminal sends it to every process of the group, the monitor too.
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
  assert.equal(await exit, 0, screen());
  assert.match(screen(), /everything is put away/);
  assert.deepEqual(readdirSync(directory), []);
  assert.throws(() => process.kill(Number(monitor), 0), /ESRCH/, 'the monitor has ended');
});

test('demo:credmon says how it is used', async (t) => {
  const { screen, exit } = run(t, '--help');
  assert.equal(await exit, 0);
  assert.match(screen(), /^usage: npm run demo:credmon/m);
});
