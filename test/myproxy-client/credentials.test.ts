import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, runProgram, Secret } from '../../src/kit/index.ts';
import { MyProxyClient } from '../../src/myproxy/index.ts';
import {
  describeProxy,
  formatOneline,
  generateKeyPair,
  identityOf,
  isLimitedChain,
  sealPrivateKey,
} from '../../src/x509/index.ts';
import { openConfig, startCServer } from '../support/c-server.ts';
import { type GridIdentity, makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const passphrase = new Secret('correct horse');
const username = 'jane';

function files(identity: GridIdentity) {
  return { certFile: identity.certificate, keyFile: identity.key };
}

test('keys, requests, renewal, named credentials: against the C server', async (t) => {
  if (!havePeers(t, 'myproxy-server', 'openssl')) return;
  const directory = workspace(t);
  const grid = await makeGrid(directory);
  const server = await startCServer(t, grid, { config: openConfig(grid.trustDirectory) });
  const anonymous = new MyProxyClient({ env: server.env });
  const jane = anonymous.with({ identity: files(grid.user) });
  const robot = anonymous.with({ identity: files(grid.robot) });
  await jane.put({ username, passphrase });

  await t.test('a proxy file that openssl and the C tools accept', async (t) => {
    const path = join(directory, 'proxy.pem');
    const { credential } = await anonymous.logon({ username, passphrase });
    assert.equal(await MyProxyClient.writeProxyFile(credential, path), path);
    const read = await MyProxyClient.readProxyFile(path);
    assert.deepEqual(
      read.chain.map(({ der }) => der),
      credential.chain.map(({ der }) => der),
    );
    const verify = ['verify', '-allow_proxy_certs', '-CAfile', grid.ca.certificate, '-untrusted', path, path];
    const openssl = await runProgram('openssl', verify);
    assert.equal(openssl.code, 0, openssl.stderr.toString());
    if (!havePeers(t, 'grid-proxy-info')) return;
    const info = await runProgram('grid-proxy-info', ['-file', path, '-identity'], { env: server.env });
    assert.equal(info.stdout.toString().trim(), grid.user.dn, info.stderr.toString());
  });

  await t.test('a key pair of the caller', async () => {
    const keyPair = await generateKeyPair({ type: 'ec' });
    const result = await anonymous.logon({ username, passphrase, keyPair });
    assert.equal(result.privateKey, keyPair.privateKey);
    assert.ok(keyPair.publicKey.equals(result.chain[0]?.publicKey ?? createPublicKey(grid.ca.certificate)));
  });

  await t.test('kinds of keys', async () => {
    const ec = await anonymous.logon({ username, passphrase, keyAlgorithm: { type: 'ec', curve: 'P-384' } });
    assert.equal(ec.privateKey.asymmetricKeyDetails?.namedCurve, 'secp384r1');
    const rsa = await anonymous.logon({ username, passphrase, nBitsForKey: 3072 });
    assert.equal(rsa.privateKey.asymmetricKeyDetails?.modulusLength, 3072);
  });

  await t.test('a certificate request of the caller, PEM and DER', async () => {
    const key = join(directory, 'own.key');
    const request = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=whoever', '-keyout', key];
    for (const form of ['PEM', 'DER']) {
      const made = await runProgram('openssl', [...request, '-outform', form]);
      const certReq = form === 'PEM' ? made.stdout.toString() : made.stdout;
      const delegation = await anonymous.logon({ username, passphrase, certReq });
      assert.ok(!('privateKey' in delegation) && !('credential' in delegation));
      assert.ok(
        new X509Certificate(delegation.chain[0]?.der ?? '').checkPrivateKey(
          createPrivateKey(readFileSync(key)),
        ),
      );
    }
    await assert.rejects(anonymous.logon({ username, passphrase, certReq: 'nonsense' }));
  });

  await t.test('lifetimes: shorter than asked is told, 0 is the most', async () => {
    const notices: string[] = [];
    const onNotice = (notice: { readonly code: string }) => notices.push(notice.code);
    await jane.put({ username, credname: 'short', passphrase, lifetime: 3600, credentialLifetime: 7200 });
    const short = await anonymous.logon({ username, credname: 'short', passphrase, onNotice });
    assert.ok(short.expires.getTime() - Date.now() < 3_700_000);
    assert.deepEqual(notices, ['shorter-lifetime']);
    const most = await anonymous.logon({ username, credname: 'short', passphrase, lifetime: 0, onNotice });
    assert.ok(most.expires.getTime() - Date.now() > 3_000_000);
    assert.equal(notices.length, 1);
  });

  await t.test('renewal with an existing proxy, by somebody who may', async () => {
    const credname = 'for-renewal';
    const policies = { renewers: `*/CN=Robot Renewer` };
    await jane.put({ username, credname, policies });
    const { credential } = await anonymous.logon({ username, passphrase, lifetime: 600 });
    const renewed = await robot.logon({ username, credname, renew: credential });
    const name = identityOf(renewed.chain);
    assert.equal(name && formatOneline(name), grid.user.dn);
    await assert.rejects(
      robot.logon({ username, credname }),
      (error) =>
        isLatchkeyError(error, 'myproxy/server-refused') && error.details.reason === 'authentication-needed',
    );
    await assert.rejects(
      robot.logon({ username, credname, renew: files(grid.robot) }),
      (error) =>
        isLatchkeyError(error, 'myproxy/server-refused') && error.details.reason === 'renewal-mismatch',
    );
  });

  await t.test('a trusted retriever needs no pass phrase', async () => {
    const credname = 'trusted';
    await jane.put({ username, credname, policies: { trustedRetrievers: '*/CN=Robot Renewer' } });
    const { chain } = await robot.logon({ username, credname });
    assert.equal(chain.length, 3);
  });

  await t.test('limited, and delegated from a proxy', async () => {
    await jane.put({ username, credname: 'limited', passphrase, rights: 'limited' });
    const limited = await anonymous.logon({ username, credname: 'limited', passphrase });
    assert.ok(isLimitedChain(limited.chain));
    const { credential } = await anonymous.logon({ username, passphrase });
    await jane.put({ username, credname: 'again', passphrase, credential });
    const again = await anonymous.logon({ username, credname: 'again', passphrase });
    assert.equal(again.chain.filter((certificate) => describeProxy(certificate)).length, 4);
  });

  await t.test('force: false replaces nothing', async () => {
    await assert.rejects(jane.put({ username, passphrase, force: false }), (error) =>
      isLatchkeyError(error, 'myproxy/exists'),
    );
    await jane.put({ username, credname: 'new', passphrase, force: false });
  });

  await t.test('store and retrieve, the key encrypted or not, RSA or EC', async () => {
    const own = await anonymous.with({ identity: files(grid.user) }).info({ username });
    assert.ok(own.exists);
    const ec = await grid.issue('ec-user', { dn: grid.user.dn, key: 'ec' });
    for (const identity of [grid.user, ec]) {
      const credname = `stored-${identity === ec}`;
      const clear = readFileSync(identity.key, 'utf8');
      const sealed = await sealPrivateKey(createPrivateKey(clear), passphrase);
      const keyFile = join(directory, `${credname}.key`);
      writeFileSync(keyFile, sealed, { mode: 0o600 });
      const policies = { keyRetrievers: '*' };
      await jane.store({ username, credname, certFile: identity.certificate, keyFile, policies });
      const back = await anonymous.retrieve({ username, credname, passphrase });
      assert.match(back.keyPem.revealText(), /ENCRYPTED PRIVATE KEY/);
      const opened = await back.open();
      assert.ok(createPublicKey(clear).equals(createPublicKey(opened.privateKey)));
      await assert.rejects(back.open(new Secret('wrong horse')));
      const proxy = await anonymous.logon({ username, credname, passphrase });
      assert.equal(proxy.chain.length, 2);
    }
    const credname = 'clear';
    const policies = { renewers: '*', keyRetrievers: '*', trustedRetrievers: '*' };
    await jane.store({ username, credname, certFile: ec.certificate, keyFile: ec.key, policies });
    const { chain } = await robot.logon({ username, credname });
    assert.equal(chain.length, 2);
  });

  await t.test('a key that others can read is not used', async () => {
    const keyFile = join(directory, 'open.key');
    writeFileSync(keyFile, readFileSync(grid.user.key));
    chmodSync(keyFile, 0o644);
    await assert.rejects(
      jane.store({ username, certFile: grid.user.certificate, keyFile }),
      (error) => isLatchkeyError(error, 'file/unsafe') && (error.hint ?? '').includes('chmod 600'),
    );
  });

  await t.test('who has no certificate is told so before anything else', async () => {
    await assert.rejects(anonymous.destroy({ username }), (error) =>
      isLatchkeyError(error, 'x509/credential-missing'),
    );
  });

  await t.test('ownDn is the end entity also behind a proxy', async () => {
    const { credential } = await anonymous.logon({ username, passphrase });
    assert.equal(await anonymous.ownDn({ identity: credential }), grid.user.dn);
  });
});
