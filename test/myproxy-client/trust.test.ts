import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, Secret, systemClock } from '../../src/kit/index.ts';
import { MyProxyClient, type Notice } from '../../src/myproxy/index.ts';
import { openConfig, startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const passphrase = new Secret('correct horse');
const username = 'jane';

test('whom the client believes, and whom not: against the C server', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-server')) return;
  const directory = workspace(t);
  const [grid, other] = await Promise.all([
    makeGrid(join(directory, 'grid')),
    makeGrid(join(directory, 'other'), '/O=Other/CN=Other CA'),
  ]);
  const server = await startCServer(t, grid, { config: openConfig(grid.trustDirectory) });
  const notices: Notice[] = [];
  const client = new MyProxyClient({ env: server.env, onNotice: (notice) => notices.push(notice) });
  const identity = { certFile: grid.user.certificate, keyFile: grid.user.key };
  await client.put({ username, passphrase, identity, credential: identity });

  /** A pass phrase that must not be asked for. */
  const never = () => {
    throw new Error('the pass phrase was asked for');
  };

  await t.test('an unknown authority: no pass phrase is asked for', async () => {
    for (const caCertDir of [other.trustDirectory, join(directory, 'nothing')]) {
      await assert.rejects(
        client.with({ caCertDir }).logon({ username, passphrase: never }),
        (error) => isLatchkeyError(error, 'x509/trust-missing') && /bootstrap/.test(error.hint ?? ''),
        caCertDir,
      );
    }
  });

  await t.test('another name than the one asked for', async () => {
    const host = await grid.issue('elsewhere', { extensions: ['subjectAltName=DNS:elsewhere.example.org'] });
    const elsewhere = await startCServer(t, grid, { credential: host });
    const there = client.with({ port: elsewhere.port });
    await assert.rejects(
      there.logon({ username, passphrase: never }),
      (error) =>
        isLatchkeyError(error, 'myproxy/server-identity') && /MYPROXY_SERVER_DN/.test(error.hint ?? ''),
    );
    const dn = '/O=Grid/OU=Test/CN=elsewhere';
    const info = await there.with({ serverDN: dn }).info({ username, identity });
    assert.equal(info.server.dn, dn);
    const env = { ...server.env, MYPROXY_SERVER_DN: '/O=Grid/OU=Test/CN=somebody' };
    await assert.rejects(new MyProxyClient({ env }).info({ username, identity }), (error) =>
      isLatchkeyError(error, 'myproxy/server-identity'),
    );
  });

  await t.test('a host certificate that has expired', async () => {
    const late = { now: () => new Date(Date.now() + 400 * 86_400_000), sleep: systemClock.sleep };
    await assert.rejects(
      client.with({ clock: late }).logon({ username, passphrase: never }),
      (error) => isLatchkeyError(error, 'x509/path-invalid') && /clock/.test(error.hint ?? ''),
    );
  });

  await t.test('by IPv4 address, and without SNI then', async () => {
    const info = await client.with({ hostname: '127.0.0.1' }).info({ username, identity });
    assert.ok(info.exists);
  });

  await t.test('bootstrap: trust on first use, then normally', async () => {
    const caCertDir = join(directory, 'first-use');
    const fresh = client.with({ caCertDir });
    notices.length = 0;
    const { trustRoots } = await fresh.logon({ username, passphrase, bootstrap: true });
    assert.deepEqual(
      notices.map(({ code }) => code),
      ['bootstrapped', 'trust-roots-installed'],
    );
    assert.equal(trustRoots?.directory, caCertDir);
    assert.deepEqual(readdirSync(caCertDir).sort(), readdirSync(grid.trustDirectory).sort());
    notices.length = 0;
    await fresh.logon({ username, passphrase });
    await fresh.getTrustRoots({ bootstrap: true });
    assert.deepEqual(notices, []);
  });

  await t.test('bootstrap alone writes authorities for one name only, and never the leaf', async () => {
    const caCertDir = join(directory, 'bootstrap-only');
    await client.with({ caCertDir }).getTrustRoots({ bootstrap: true });
    const policies = readdirSync(caCertDir).filter((name) => name.endsWith('.signing_policy'));
    assert.equal(policies.length, 2);
    for (const name of policies) {
      const policy = readFileSync(join(caCertDir, name), 'utf8');
      assert.match(policy, /'"\/O=Grid\/OU=Test\/CN=localhost"'/);
    }
    const certificates = readdirSync(caCertDir).filter((name) => name.endsWith('.0'));
    assert.deepEqual(
      certificates.sort(),
      readdirSync(grid.trustDirectory)
        .filter((name) => name.endsWith('.0'))
        .sort(),
    );
  });

  await t.test('bootstrap replaces no authority of the same name', async () => {
    const impostor = await makeGrid(join(directory, 'impostor'));
    await assert.rejects(
      client
        .with({ caCertDir: impostor.trustDirectory })
        .logon({ username, passphrase: never, bootstrap: true }),
      (error) => isLatchkeyError(error, 'x509/trust-refused') || isLatchkeyError(error, 'x509/path-invalid'),
    );
  });

  await t.test('bootstrap when-missing leaves a filled trust directory alone', async () => {
    await assert.rejects(
      client
        .with({ caCertDir: other.trustDirectory })
        .logon({ username, passphrase: never, bootstrap: 'when-missing' }),
      (error) => isLatchkeyError(error, 'x509/trust-missing'),
    );
    const caCertDir = join(directory, 'empty');
    mkdirSync(caCertDir);
    await client.with({ caCertDir }).logon({ username, passphrase, bootstrap: 'when-missing' });
    assert.ok(existsSync(join(caCertDir, readdirSync(grid.trustDirectory)[0] ?? '')));
  });

  for (const max of ['TLS1_2_VERSION', 'TLS1_3_VERSION']) {
    await t.test(`a stale certificate is given up where none is needed, ${max}`, async () => {
      const env = {
        ...server.env,
        X509_USER_PROXY: join(directory, 'stale.pem'),
        X509_USER_CERT: '',
        X509_USER_KEY: '',
        GLOBUS_GSSAPI_MAX_TLS_PROTOCOL: max,
      };
      const pem = readFileSync(other.user.certificate, 'utf8') + readFileSync(other.user.key, 'utf8');
      writeFileSync(env.X509_USER_PROXY, pem, { mode: 0o600 });
      notices.length = 0;
      const stale = new MyProxyClient({ env, onNotice: (notice) => notices.push(notice) });
      let asked = 0;
      const ask = () => {
        asked += 1;
        return passphrase;
      };
      const { server: peer } = await stale.logon({ username, passphrase: ask });
      assert.equal(peer.authenticated, false);
      assert.equal(asked, 1);
      assert.deepEqual(
        notices.map(({ code }) => code),
        ['anonymous-retry'],
      );
      assert.match(notices[0]?.message ?? '', /stale\.pem.*does not know the authority/);
      await assert.rejects(
        stale.info({ username }),
        (error) =>
          isLatchkeyError(error, 'myproxy/client-refused') && /rm .*stale\.pem/.test(error.hint ?? ''),
      );
    });
  }

  await t.test('a proxy that has expired is not even shown', async () => {
    const short = await grid.issue('short', { dn: grid.user.dn, days: 1 });
    const path = join(directory, 'expired.pem');
    writeFileSync(path, readFileSync(short.certificate, 'utf8') + readFileSync(short.key, 'utf8'), {
      mode: 0o600,
    });
    const env = { ...server.env, X509_USER_PROXY: path, X509_USER_CERT: '', X509_USER_KEY: '' };
    notices.length = 0;
    const clock = { now: () => new Date(Date.now() + 2 * 86_400_000), sleep: systemClock.sleep };
    const old = new MyProxyClient({ env, clock, onNotice: (notice) => notices.push(notice) });
    await old.getTrustRoots();
    assert.deepEqual(
      notices.map(({ code }) => code),
      ['identity-skipped'],
    );
    await assert.rejects(old.info({ username }), (error) => isLatchkeyError(error, 'proxy/expired'));
  });
});
