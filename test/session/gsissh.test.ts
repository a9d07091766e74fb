// gsissh: the command line, the environment and the choice of context, proven with a stand-in of the program (see test/support/gsissh.ts).
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LatchkeyError } from '../../src/kit/index.ts';
import { Context, Session } from '../../src/session/index.ts';
import {
  generateKeyPair,
  issueProxy,
  keySigner,
  parseCredential,
  writeProxyFile,
} from '../../src/x509/index.ts';
import { makeGrid } from '../support/grid.ts';
import { makeGsissh } from '../support/gsissh.ts';
import { havePeers } from '../support/peers.ts';
import { startSshd } from '../support/sshd.ts';

async function stage(t: TestContext) {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen', 'openssl')) return undefined;
  const sshd = await startSshd(t);
  const grid = await makeGrid(join(sshd.directory, 'grid'));
  const gsissh = await makeGsissh({ directory: join(sshd.directory, 'bin'), key: sshd.key });
  const pem = readFileSync(grid.user.certificate, 'utf8') + readFileSync(grid.user.key, 'utf8');
  const jane = await parseCredential(pem);
  const { publicKey, privateKey } = await generateKeyPair({ type: 'ec' });
  const proxy = await issueProxy({
    ...{ issuer: jane.chain[0] ?? assert.fail(), signer: keySigner(jane.privateKey), publicKey },
    ...{ lifetimeSeconds: 3600, now: new Date() },
  });
  const user_proxy = join(sshd.directory, 'proxy');
  await writeProxyFile({ chain: [proxy, ...jane.chain], privateKey }, user_proxy);
  const session = new Session({
    ...{ defaults: false, env: { X509_CERT_DIR: grid.trustDirectory }, home: sshd.directory },
    hostKeys: { policy: 'strict', knownHostsFiles: [sshd.knownHosts] },
    programs: { gsissh: gsissh.path },
  });
  t.after(() => session.close());
  const request = { host: sshd.target.host, port: sshd.target.port, user: sshd.user };
  return { sshd, grid, session, user_proxy, request, logins: gsissh.logins };
}

test('the proxy of the X509 context is what gsissh gets, and it is let in', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const { session, user_proxy, request, grid, sshd, logins } = scene;
  await session.addContext(new Context('X509', { user_proxy }));
  const connection = await session.connect({ ...request, scheme: 'gsissh' });
  assert.equal((await connection.run(['whoami'])).stdout.toString(), `${sshd.user}\n`);
  assert.match(connection.description, /gsissh/);
  const [login, ...more] = logins();
  assert.equal(more.length, 0, 'one login for all commands');
  assert.deepEqual(login?.environment, { X509_USER_PROXY: user_proxy, X509_CERT_DIR: grid.trustDirectory });
  // The options are those of plain ssh, so that the real program takes them unchanged.
  assert.deepEqual(
    login?.words.filter((word) => word.startsWith('-')),
    ['-F', '-l', '-p', '-M', '-S', '-N', '-T', '--'],
  );
  assert.equal(login?.words.at(-1), request.host);
});

test('plain ssh has no use for a proxy, and the environment of this process gives gsissh none', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const { session, user_proxy, request } = scene;
  process.env.X509_USER_PROXY = user_proxy;
  t.after(() => {
    delete process.env.X509_USER_PROXY;
  });
  const refused = async (scheme: 'ssh' | 'gsissh') =>
    await session.connect({ ...request, scheme }).then(
      () => assert.fail(`${scheme} was let in`),
      (error) => (error instanceof LatchkeyError ? error : assert.fail(String(error))),
    );
  assert.equal((await refused('gsissh')).code, 'session/no-credential');
  await session.addContext(new Context('X509', { user_proxy }));
  const error = await refused('ssh');
  assert.equal(error.code, 'session/no-credential');
  assert.match(error.hint ?? '', /X509 1: plain ssh has no use for a proxy/);
});

test('a proxy that the other side does not trust is refused, and so is a session with another one', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const { session, user_proxy, request, sshd } = scene;
  await session.addContext(new Context('X509', { user_proxy }));
  await session.connect({ ...request, scheme: 'gsissh' });
  // Here it is a proxy without a trusted root: the session warns, and the other side decides.
  const nobody = join(sshd.directory, 'nobody');
  mkdirSync(nobody);
  writeFileSync(join(nobody, 'README'), 'no authorities\n');
  const copy = new Context('X509', { user_proxy, cert_repository: nobody });
  const other = new Session({ defaults: false, env: {}, home: sshd.directory });
  t.after(() => other.close());
  await assert.rejects(other.addContext(copy), { code: 'x509/path-invalid' });
  await assert.rejects(other.connect({ ...request, scheme: 'gsissh' }), { code: 'session/no-credential' });
});
