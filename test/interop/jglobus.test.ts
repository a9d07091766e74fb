import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { describeProxy, parseCertificates } from '../../src/x509/index.ts';
import { makeGrid } from '../support/grid.ts';
import { startOurServer } from '../support/our-server.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const JARS = '/usr/share/java';
const CLASSPATH = [
  'bcpkix',
  'bcprov',
  'commons-codec',
  'commons-io',
  'commons-logging',
  'jglobus-gss',
  'jglobus-jsse',
  'jglobus-myproxy',
  'jglobus-ssl-proxies',
  'log4j-1.2',
  'slf4j-api',
  'slf4j-nop',
]
  .map((jar) => `${JARS}/${jar}.jar`)
  .join(':');

test('jglobus MyProxyCLI puts, gets, inspects, stores and destroys on our server', async (t) => {
  if (!havePeers(t, 'java', 'grid-proxy-init', 'openssl')) return;
  if (!existsSync(`${JARS}/jglobus-myproxy.jar`))
    throw new Error('jglobus is not installed: scripts/install-peers');
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const server = await startOurServer(t, grid);
  const trust = join(directory, 'trust');
  cpSync(grid.trustDirectory, trust, { recursive: true });
  const proxy = join(directory, 'own.pem');
  const env = { PATH: process.env.PATH, HOME: directory, X509_CERT_DIR: trust, X509_USER_PROXY: proxy };
  const init = await runProgram(
    'grid-proxy-init',
    ['-cert', grid.user.certificate, '-key', grid.user.key, '-out', proxy, '-q'],
    { env },
  );
  assert.equal(init.code, 0, init.stderr.toString());

  const jglobus = async (input: string, ...args: string[]) => {
    const run = await runProgram(
      'java',
      [
        ...[
          '-XX:+UseSerialGC',
          '-XX:TieredStopAtLevel=1',
          `-DX509_CERT_DIR=${trust}`,
          `-DX509_USER_PROXY=${proxy}`,
        ],
        ...['-cp', CLASSPATH, 'org.globus.myproxy.MyProxyCLI'],
        ...['-h', 'localhost', '-p', String(server.port), '-l', 'jdoe', '-S', ...args],
      ],
      { env, input, timeoutMs: 60_000 },
    );
    return { code: run.code, text: run.stdout.toString() + run.stderr.toString() };
  };

  const put = await jglobus(
    'secretpw1\nsecretpw1\n',
    'put',
    '-cert',
    grid.user.certificate,
    '-key',
    grid.user.key,
  );
  assert.match(put.text, /A proxy valid for 168 hours \(7 days\) for user jdoe now exists on localhost/);
  assert.equal(put.code, 0);

  assert.match((await jglobus('secretpw1\n', 'info')).text, /Owner: +\/O=Grid\/OU=Test\/CN=Jane User/);

  for (const command of ['get', 'anonget']) {
    const out = join(directory, `${command}.pem`);
    const get = await jglobus('secretpw1\n', command, '-o', out);
    assert.match(get.text, /A proxy has been received from localhost for user jdoe/);
    const [leaf] = parseCertificates(readFileSync(out, 'utf8'));
    assert.equal(leaf && describeProxy(leaf)?.rights, 'impersonation');
  }
  assert.equal((await jglobus('wrongpw1\n', 'get', '-o', join(directory, 'wrong.pem'))).code, 255);

  const roots = await jglobus('', 'get-trustroots');
  assert.equal(roots.code, 0, roots.text);
  assert.ok(readdirSync(trust).length > 0);

  assert.match(
    (await jglobus('secretpw1\n', 'destroy')).text,
    /succesfully destroyed on localhost for user jdoe/,
  );

  const stored = await jglobus('secretpw1\n', 'store', '-cert', grid.user.certificate, '-key', grid.user.key);
  assert.match(stored.text, /Credentials saved to MyProxy server/);
});
