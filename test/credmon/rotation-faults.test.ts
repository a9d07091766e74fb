import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../support/credential-directory.ts';
import { type CredmonProcess, startCredmonProcess } from '../support/credmon-process.ts';
import { loopbackCertificate } from '../support/loopback-certificate.ts';
import { type Behaviour, startMisbehavingServer } from '../support/misbehaving-server.ts';
import { latchkeyExecutable, linkOurTools } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { startRotatingServer } from '../support/rotating-server.ts';
import { workspace } from '../support/workspace.ts';

/** What a server does, and what `latchkey credmon explain` is to say of it. */
const FAULTS: Readonly<Partial<Record<Behaviour, RegExp>>> = {
  'http-500': /500/,
  'http-503': /503|temporarily_unavailable/,
  silent: /2 s|in time|time/,
  trickle: /time/,
  'invalid-grant': /log in again/,
  html: /HTML|text\/html|JSON/i,
  'html-as-json': /JSON/,
  huge: /larger|more than|too/,
  closes: /closed|reset|hang up|reach/i,
  'invalid-client': /client/,
};

interface Explained {
  readonly status: number | null;
  readonly text: string;
}

function latchkey(base: string, args: readonly string[]): Promise<Explained> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, CONDOR_CONFIG: join(base, 'condor_config') };
    const child = spawn(process.execPath, [latchkeyExecutable, ...args], { env });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
    }
    child.once('close', (status) => resolve({ status, text }));
  });
}

test('servers that fail in every way: each is explained, and nobody else notices', async (t) => {
  const base = workspace(t);
  const certificate = await loopbackCertificate();
  writeFileSync(join(base, 'ca.pem'), certificate.ca);
  writeFileSync(join(base, 'secret'), 'client-secret', { mode: 0o600 });
  const healthy = await startRotatingServer({ rotation: 'strict', accessTokenSeconds: 2, certificate });
  t.after(() => healthy.close());
  const config: string[] = [];
  const names: string[] = [];
  const logins: { user: string; name: string; url: string; token: string }[] = [];
  const provide = (name: string, url: string): void => {
    names.push(name);
    const key = name.toUpperCase();
    config.push(
      `${key}_CLIENT_ID = ap1`,
      `${key}_CLIENT_SECRET_FILE = ${base}/secret`,
      `${key}_TOKEN_URL = ${url}`,
      `${key}_RETURN_URL_SUFFIX = /return/${name}`,
      `${key}_CA_FILE = ${base}/ca.pem`,
    );
  };
  provide('well', healthy.tokenUrl);
  for (const user of ['ann', 'bob'])
    logins.push({ user, name: 'well', url: healthy.tokenUrl, token: healthy.logIn(user) });
  for (const behaviour of [...Object.keys(FAULTS), 'no-expiry'] as Behaviour[]) {
    // A server of its own for each: what fails together is one origin.
    const server = await startMisbehavingServer(certificate);
    t.after(() => server.close());
    const name = behaviour.replaceAll('-', '');
    provide(name, server.tokenUrl(behaviour));
    for (const user of ['ann', 'eve'])
      logins.push({ user, name, url: server.tokenUrl(behaviour), token: `${user}-${name}` });
  }
  const path = join(base, 'credentials');
  for (const { user, name, url, token } of logins) {
    mkdirSync(join(path, user), { recursive: true, mode: 0o700 });
    const put = (suffix: string, value: unknown): void =>
      writeFileSync(join(path, user, `${name}.${suffix}`), JSON.stringify(value), { mode: 0o400 });
    put('meta', { client_id: 'ap1', client_secret: '', token_url: url, use_refresh_token: true });
    put('top', { refresh_token: token });
  }
  // One bad file of each kind among them.
  writeFileSync(join(path, 'eve', 'well.top'), '{"refresh_token": ', { mode: 0o600 });
  writeFileSync(join(path, 'eve', 'unknown_.top'), '\u0000', { mode: 0o600 });
  const monitor = startCredmonProcess(t, {
    base,
    config: [
      ...config,
      `OAUTH2_CREDMON_PROVIDER_NAMES = ${names.join(', ')}`,
      `LATCHKEY_CREDMON_STATE = ${base}/state`,
      'LATCHKEY_CREDMON_TIMEOUT = 2',
    ],
  });
  await monitor.complete();
  writeFileSync(join(path, 'ann', 'scitokens.top'), 'ann@foo', { mode: 0o600 });
  monitor.child.kill('SIGHUP');
  const read = (user: string, name: string): string | undefined => {
    try {
      return readFileSync(join(path, user, `${name}.use`), 'utf8');
    } catch {
      return undefined;
    }
  };
  // While the others fail, time after time: the well ones are renewed, time after time.
  for (const user of ['ann', 'bob']) {
    for (let renewals = 0; renewals < 3; renewals += 1) {
      const before = read(user, 'well');
      await until(() => read(user, 'well') !== before, `renewal ${renewals} of ${user}/well`);
    }
  }
  for (let asked = 0; asked < 3; asked += 1) {
    await until(() => read('ann', 'scitokens'), 'the local token');
    rmSync(join(path, 'ann', 'scitokens.use'));
    monitor.child.kill('SIGHUP');
  }
  assert.ok(await until(() => read('eve', 'noexpiry')), 'without expires_in it is a token all the same');
  for (const [behaviour, expected] of Object.entries(FAULTS)) {
    const name = `eve/${behaviour.replaceAll('-', '')}`;
    const explained = await until(async () => {
      const answer = await latchkey(base, ['credmon', 'explain', name]);
      return /not been tried|running now/.test(answer.text) ? undefined : answer;
    });
    assert.match(explained.text, expected, `${behaviour}: ${explained.text}`);
    assert.notEqual(explained.status, 0, explained.text);
    assert.doesNotMatch(explained.text, /eve-|client-secret/, 'no secret in an explanation');
  }
  const broken = await latchkey(base, ['credmon', 'explain', 'eve/well']);
  assert.match(broken.text, /JSON/);
  const well = await latchkey(base, ['credmon', 'explain', 'ann/well']);
  assert.equal(well.status, 0, well.text);
  assert.equal(healthy.refusals, 0);
});

/** A monitor whose credential directory is a small file system of its own, in a private mount namespace. */
function startOnSmallDisk(
  t: Parameters<typeof startCredmonProcess>[0],
  base: string,
  config: readonly string[],
): CredmonProcess & { readonly inside: string } {
  const bin = join(base, 'bin');
  mkdirSync(bin, { recursive: true });
  const tools = linkOurTools(join(base, 'tools'), ['condor_credmon_oauth']);
  const script = [
    '#!/bin/sh',
    `exec unshare -m --propagation private sh -c 'mount -t tmpfs -o size=256k,mode=2770 tmpfs "${base}/credentials" && exec "${tools}/condor_credmon_oauth"'`,
    '',
  ].join('\n');
  writeFileSync(join(bin, 'condor_credmon_oauth'), script, { mode: 0o755 });
  const monitor = startCredmonProcess(t, { base, config });
  return { ...monitor, inside: `/proc/${monitor.child.pid}/root${base}/credentials` };
}

test('a full disk and one that turns read-only: no refresh token is lost, and all is well again afterwards', async (t) => {
  if (process.geteuid?.() !== 0) return t.skip('mounting a small file system needs root');
  if (!havePeers(t, 'unshare', 'nsenter')) return;
  const base = workspace(t);
  const server = await startRotatingServer({ rotation: 'strict', accessTokenSeconds: 2 });
  t.after(() => server.close());
  writeFileSync(join(base, 'ca.pem'), server.ca);
  writeFileSync(join(base, 'secret'), 'client-secret', { mode: 0o600 });
  const monitor = startOnSmallDisk(t, base, [
    'MYTOKENS_CLIENT_ID = ap1',
    `MYTOKENS_CLIENT_SECRET_FILE = ${base}/secret`,
    `MYTOKENS_TOKEN_URL = ${server.tokenUrl}`,
    'MYTOKENS_RETURN_URL_SUFFIX = /return/mytokens',
    `MYTOKENS_CA_FILE = ${base}/ca.pem`,
    'OAUTH2_CREDMON_PROVIDER_NAMES = mytokens',
    `LATCHKEY_CREDMON_STATE = ${base}/state`,
    'LATCHKEY_CREDMON_SEAL = false',
  ]);
  const { inside } = monitor;
  const read = (user: string, name: string): string | undefined => {
    try {
      return readFileSync(join(inside, user, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  await until(() => read('.', 'CREDMON_COMPLETE') !== undefined, 'the first pass');
  const users = ['ann', 'bob', 'cem'];
  for (const user of users) {
    mkdirSync(join(inside, user), { mode: 0o700 });
    const put = (name: string, value: string): void =>
      writeFileSync(join(inside, user, name), value, { mode: 0o600 });
    put('scitokens.top', `${user}@foo`);
    put(
      'mytokens.meta',
      JSON.stringify({
        client_id: 'ap1',
        client_secret: '',
        token_url: server.tokenUrl,
        use_refresh_token: true,
      }),
    );
    put('mytokens.top', JSON.stringify({ refresh_token: server.logIn(user) }));
  }
  monitor.child.kill('SIGHUP');
  const renewed = async (): Promise<void> => {
    for (const user of users) {
      for (const name of ['mytokens.use', 'scitokens.use']) {
        // Made again when it is lost; the other has its time every second.
        if (name === 'scitokens.use') rmSync(join(inside, user, name), { force: true });
        const before = name === 'scitokens.use' ? undefined : read(user, name);
        // Up to a minute of back-off, and one try more.
        const end = Date.now() + 150_000;
        while (read(user, name) === before || read(user, name) === undefined) {
          assert.ok(Date.now() < end, `${user}/${name} is not renewed: ${monitor.log().slice(-3000)}`);
          await delay(50);
        }
      }
    }
  };
  const allSurvive = (): void => {
    for (const user of users) {
      const top = JSON.parse(read(user, 'mytokens.top') ?? '') as Record<string, unknown>;
      assert.ok(server.accepts(String(top.refresh_token)), user);
    }
  };
  await renewed();
  monitor.child.kill('SIGHUP');

  fill(join(inside, 'filler'));
  await until(() => /file system is full/.test(monitor.log()), 'a word about the full disk');
  await delay(3000);
  allSurvive();
  const asked = server.rotations;
  await delay(3000);
  assert.equal(server.rotations, asked, 'nothing is asked for that could not be kept');
  run(monitor, ['rm', join(base, 'credentials', 'filler')]);
  await renewed();
  allSurvive();

  run(monitor, ['mount', '-o', 'remount,ro', join(base, 'credentials')]);
  await until(() => /read-only/.test(monitor.log()), 'a word about the read-only disk');
  allSurvive();
  run(monitor, ['mount', '-o', 'remount,rw', join(base, 'credentials')]);
  await renewed();
  allSurvive();
  assert.equal(server.refusals, 0);
});

/** Runs a program in the monitor's mount namespace. */
function run({ child }: CredmonProcess, command: readonly string[]): void {
  execFileSync('nsenter', ['-t', String(child.pid), '-m', ...command]);
}

function fill(path: string): void {
  let bytes = 1 << 18;
  while (bytes >= 1) {
    try {
      appendFileSync(path, Buffer.alloc(bytes));
    } catch {
      bytes >>= 1;
    }
  }
}
