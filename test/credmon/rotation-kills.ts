import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../support/credential-directory.ts';
import { type CredmonProcess, startCredmonProcess } from '../support/credmon-process.ts';
import { type RotatingServer, type Rotation, startRotatingServer } from '../support/rotating-server.ts';
import { workspace } from '../support/workspace.ts';

/** A monitor's process, its directories and its server, to be killed again and again. */
export interface RotationStage {
  readonly server: RotatingServer;
  readonly base: string;
  start(env?: NodeJS.ProcessEnv): CredmonProcess;
  /** A login as the web page stores it, without a `.use`: renewed at once. */
  logIn(user: string): void;
  /** The refresh token in `.top`, which must be whole. */
  storedToken(user: string): string;
  use(user: string): string | undefined;
}

/** Sets a stage; refresh tokens are written in clear, so that the test can ask the server about them. */
export async function setRotationStage(
  t: TestContext,
  rotation: Rotation,
  onStep?: (step: 'arrived' | 'rotated' | 'answered') => void | Promise<void>,
): Promise<RotationStage> {
  const server = await startRotatingServer({
    rotation,
    accessTokenSeconds: 2,
    ...(onStep === undefined ? {} : { onStep }),
  });
  t.after(() => server.close());
  const base = workspace(t);
  const path = join(base, 'credentials');
  mkdirSync(path, { mode: 0o770 });
  writeFileSync(join(base, 'ca.pem'), server.ca);
  writeFileSync(join(base, 'secret'), 'client-secret', { mode: 0o600 });
  const config = [
    'MYTOKENS_CLIENT_ID = ap1',
    `MYTOKENS_CLIENT_SECRET_FILE = ${base}/secret`,
    `MYTOKENS_TOKEN_URL = ${server.tokenUrl}`,
    `MYTOKENS_AUTHORIZATION_URL = ${server.tokenUrl.replace('/token', '/authorize')}`,
    'MYTOKENS_RETURN_URL_SUFFIX = /return/mytokens',
    `MYTOKENS_CA_FILE = ${base}/ca.pem`,
    'OAUTH2_CREDMON_PROVIDER_NAMES = mytokens',
    `LATCHKEY_CREDMON_STATE = ${base}/state`,
    'LATCHKEY_CREDMON_SEAL = false',
  ];
  const put = (user: string, name: string, value: unknown): void => {
    mkdirSync(join(path, user), { recursive: true, mode: 0o700 });
    writeFileSync(join(path, user, `${name}.new`), JSON.stringify(value), { mode: 0o400 });
    renameSync(join(path, user, `${name}.new`), join(path, user, name));
  };
  const read = (user: string, name: string): string => readFileSync(join(path, user, name), 'utf8');
  return {
    server,
    base,
    start: (env = {}) => startCredmonProcess(t, { base, config, env }),
    logIn: (user) => {
      const meta = {
        client_id: 'ap1',
        client_secret: '',
        token_url: server.tokenUrl,
        use_refresh_token: true,
      };
      put(user, 'mytokens.meta', meta);
      put(user, 'mytokens.top', { refresh_token: server.logIn(user), scopes: 'read:/' });
    },
    storedToken: (user) => {
      const top = JSON.parse(read(user, 'mytokens.top')) as Record<string, unknown>;
      assert.equal(top.scopes, 'read:/', 'what credd compares survives too');
      return String(top.refresh_token);
    },
    use: (user) => {
      try {
        const use = JSON.parse(read(user, 'mytokens.use')) as Record<string, unknown>;
        return typeof use.access_token === 'string' ? use.access_token : undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}

/** What was seen in {@link killRotations}. */
export interface RotationKills {
  readonly kills: number;
  readonly rotations: number;
  /** Logins that ended because the server's last answer was lost with the process; a strict server only. */
  readonly lost: number;
}

/**
 * Kills a monitor that rotates as fast as it can with SIGKILL at random moments, and looks after each kill whether the
 * refresh token on the disk is one that the server takes.
 */
export async function killRotations(
  t: TestContext,
  rotation: Rotation,
  kills: number,
): Promise<RotationKills> {
  let monitor: CredmonProcess | undefined;
  // Half of the kills come in the middle of a request, where the danger is, the others at any time.
  let killAt: { step: string; afterMs: number } | undefined;
  const stage = await setRotationStage(t, rotation, async (step) => {
    if (killAt?.step === step) {
      const { afterMs } = killAt;
      killAt = undefined;
      if (afterMs === 0) monitor?.child.kill('SIGKILL');
      else setTimeout(() => monitor?.child.kill('SIGKILL'), afterMs);
    }
    if (step === 'rotated') await delay(Math.random() * 4);
  });
  const { server } = stage;
  const users = ['ann', 'bob', 'cem', 'dora', 'emil', 'fay'];
  for (const user of users) stage.logIn(user);
  let lost = 0;
  for (let round = 0; round < kills; round += 1) {
    const before = server.rotations;
    monitor = stage.start();
    const { child, ended } = monitor;
    if (round % 2 === 0) {
      const step = (['arrived', 'rotated', 'answered'] as const)[Math.floor(round / 2) % 3] ?? 'rotated';
      killAt = { step, afterMs: step === 'answered' ? Math.floor(Math.random() * 8) : 0 };
    } else {
      await until(() => server.rotations > before || child.exitCode !== null, 'a rotation');
      await delay(Math.random() * 1500);
      child.kill('SIGKILL');
    }
    assert.equal(await ended, 'SIGKILL', monitor.stderr() + monitor.log().slice(-2000));
    for (const user of users) {
      if (server.accepts(stage.storedToken(user))) continue;
      assert.equal(rotation, 'strict', `${user} has no refresh token that works after kill ${round + 1}`);
      lost += 1;
      stage.logIn(user);
    }
  }
  const last = stage.start();
  const before = new Map(users.map((user) => [user, stage.use(user)]));
  for (const user of users) await until(() => stage.use(user) !== before.get(user), `a token for ${user}`);
  last.child.kill('SIGTERM');
  assert.equal(await last.ended, 0);
  for (const user of users) {
    // Not only one that works still: what was given last is what was kept.
    assert.ok(server.isNewest(stage.storedToken(user)), user);
    const names = readdirSync(join(stage.base, 'credentials', user));
    const litter = names.filter((name) => !/^mytokens\.(top|use|meta)$/.test(name));
    // Each kill leaves one temporary file for each rotation under way at most; the next overwrites it.
    assert.ok(litter.length <= 2, litter.join(' '));
  }
  if (rotation === 'grace') assert.equal(server.refusals, 0);
  return { kills, rotations: server.rotations, lost };
}
