import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { MyProxyClient } from '../../src/myproxy/index.ts';
import { openPrivateKey, sealPrivateKey } from '../../src/x509/index.ts';
import type { CServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { startOurServer } from '../support/our-server.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const USERS = ['ann', 'bob', 'cem', 'dora'];
const PASS_PHRASES = ['pass phrase one', 'pass phrase two', 'pass phrase three'];

/** What is stored for a user: which upload, under which pass phrase; undefined = nothing. */
type State = { readonly version: number; readonly passPhrase: string } | undefined;

/**
 * Stores, changes and destroys for several users at once while the server is killed at random moments, and checks after
 * each kill that every user has what was there before the operation that was cut off, or what it was to become.
 */
export async function killServer(t: TestContext, total: number): Promise<void> {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const certificate = readFileSync(grid.user.certificate, 'utf8');
  const key = await openPrivateKey(readFileSync(grid.user.key, 'utf8'));
  const uploads = new Map<string, Secret>();
  for (const passPhrase of PASS_PHRASES) {
    uploads.set(passPhrase, new Secret(certificate + (await sealPrivateKey(key, new Secret(passPhrase)))));
  }
  let server: CServer = await startOurServer(t, grid);
  const storage = server.storage;
  const client = () =>
    new MyProxyClient({
      hostname: 'localhost',
      port: server.port,
      caCertDir: grid.trustDirectory,
      env: {},
      identity: { certFile: grid.user.certificate, keyFile: grid.user.key },
    });

  /** What each user may have stored: one state, or two while an operation was cut off. */
  const possible = new Map<string, readonly State[]>(USERS.map((user) => [user, [undefined]]));
  let operations = 0;
  let cutOff = 0;
  let version = 0;

  const operate = async (username: string): Promise<void> => {
    const state = possible.get(username)?.[0];
    const other = PASS_PHRASES[Math.floor(Math.random() * PASS_PHRASES.length)] ?? '';
    const dice = state === undefined ? 0 : Math.random();
    let intended: State;
    let act: () => Promise<unknown>;
    if (dice < 0.4) {
      version += 1;
      intended = { version, passPhrase: other };
      const pem = uploads.get(other) ?? new Secret('');
      const description = `version ${version}`;
      act = () => client().store({ username, pem, description, lifetime: version });
    } else if (state !== undefined && dice < 0.8) {
      intended = { version: state.version, passPhrase: other };
      const [passphrase, newPassphrase] = [new Secret(state.passPhrase), new Secret(other)];
      act = () => client().changePassphrase({ username, passphrase, newPassphrase });
    } else {
      intended = undefined;
      act = () => client().destroy({ username });
    }
    possible.set(username, [state, intended]);
    await act();
    possible.set(username, [intended]);
    operations += 1;
  };

  /** Reads what is stored with the pass phrase it must have, and settles which of the possible states it is. */
  const settle = async (username: string): Promise<void> => {
    const states = possible.get(username) ?? [];
    const { credentials } = await client()
      .info({ username })
      .catch((error: unknown) => {
        if (isLatchkeyError(error, 'myproxy/server-refused')) return { credentials: [] };
        throw error;
      });
    const description = credentials[0]?.description;
    for (const state of states) {
      if (state === undefined ? credentials.length > 0 : description !== `version ${state.version}`) continue;
      if (state !== undefined) {
        const passphrase = new Secret(state.passPhrase);
        const opens = await client()
          .authenticate({ username, passphrase })
          .then(
            () => true,
            (error: unknown) => {
              if (isLatchkeyError(error, 'myproxy/server-refused')) return false;
              throw error;
            },
          );
        if (!opens) continue;
      }
      possible.set(username, [state]);
      return;
    }
    assert.fail(`${username} has ${JSON.stringify(credentials)}, none of ${JSON.stringify(states)}`);
  };

  while (operations < total) {
    const stop = new AbortController();
    const work = USERS.map(async (username) => {
      while (!stop.signal.aborted && operations < total) await operate(username);
    });
    const outcome = Promise.allSettled(work);
    await delay(100 + Math.random() * 900);
    process.kill(server.pid, 'SIGKILL');
    stop.abort();
    for (const result of await outcome) if (result.status === 'rejected') cutOff += 1;
    server = await startOurServer(t, grid, { storage });
    await Promise.all(USERS.map(settle));
  }
  t.diagnostic(`${operations} operations done, ${cutOff} cut off by kills`);
  assert.ok(cutOff > 0, 'no operation was cut off');
}
