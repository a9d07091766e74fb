import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { MyProxyClient } from '../../src/myproxy/index.ts';
import {
  formatCertificates,
  generateKeyPair,
  issueProxy,
  keySigner,
  openPrivateKey,
  parseCertificates,
} from '../../src/x509/index.ts';
import { makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

test('a user who shows the certificate of the host among his own is not the host', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const read = (path: string) => parseCertificates(readFileSync(path, 'latin1'));
  const [mallory] = read(grid.user.certificate);
  assert.ok(mallory);
  const { publicKey, privateKey } = await generateKeyPair();
  const signer = keySigner(await openPrivateKey(readFileSync(grid.user.key, 'latin1')));
  const proxy = await issueProxy({ issuer: mallory, signer, publicKey, now: new Date() });
  const received: Buffer[] = [];
  const impostor = createServer(
    {
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      // The host's certificate is public: only the first one needs a key of one's own.
      cert: formatCertificates([proxy, ...read(grid.host.certificate), mallory]),
      maxVersion: 'TLSv1.2',
    },
    (socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => received.push(chunk));
    },
  ).listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  t.after(() => impostor.close());
  const env = {
    HOME: directory,
    MYPROXY_SERVER: 'localhost',
    MYPROXY_SERVER_PORT: String((impostor.address() as AddressInfo).port),
    X509_CERT_DIR: grid.trustDirectory,
    X509_USER_PROXY: join(directory, 'none'),
  };
  for (const serverDN of [undefined, grid.host.dn]) {
    const client = new MyProxyClient({ env, serverDN, timeouts: { reply: 500 } });
    await assert.rejects(
      client.logon({ username: 'jane', passphrase: new Secret('correct horse') }),
      (error) => isLatchkeyError(error, 'myproxy/server-identity'),
      serverDN ?? 'by host name',
    );
  }
  assert.equal(Buffer.concat(received).toString('latin1'), '', 'nothing was sent to him');
});
