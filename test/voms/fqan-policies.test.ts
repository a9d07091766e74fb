import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { attributeCertificatesOf } from '../../src/voms/index.ts';
import { readProxyFile } from '../../src/x509/index.ts';
import { type CServer, openConfig, startCServer } from '../support/c-server.ts';
import { startOurServer } from '../support/our-server.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { makeVomsLab, type VomsLab } from '../support/voms-lab.ts';
import { workspace } from '../support/workspace.ts';

// FQAN: entries of a server's policies, over the wire: the C client asks our server and the C server, and both must say the same.

const PEERS = ['openssl', 'voms-proxy-fake', 'myproxy-init', 'myproxy-logon', 'myproxy-server'];
const PRODUCTION = '/testvo/analysis/Role=production/Capability=NULL';
const PASS_PHRASE = 'open sesame';
let lab: VomsLab;
/** Path of a client's proxy, and whether it may retrieve. */
const clients = new Map<string, { path: string; may: boolean }>();

before(async (context) => {
  if (PEERS.some((peer) => findProgram(peer) === undefined)) return;
  lab = await makeVomsLab(workspace(context as TestContext));
  const add = async (name: string, may: boolean, path: Promise<string>): Promise<void> => {
    clients.set(name, { path: await path, may });
  };
  const good = await lab.fake('good', '-fqan', '/testvo/Role=NULL/Capability=NULL', '-fqan', PRODUCTION);
  await add('the role', true, Promise.resolve(good));
  await add('the role from our authority', true, lab.dressed('own', [await lab.attributes()]));
  await add('another role', false, lab.fake('other', '-fqan', '/testvo/analysis/Role=pilot/Capability=NULL'));
  await add('no attributes', false, lab.proxy('plain', lab.user));
  await add('expired', false, lab.fake('expired', '-fqan', PRODUCTION, '-pastac', '10:00', '-vomslife', '1'));
  const stolen = attributeCertificatesOf((await readProxyFile(good)).chain).flatMap(
    ({ certificate }) => certificate ?? [],
  );
  assert.equal(stolen.length, 1);
  await add('a stolen attribute certificate', false, lab.dressed('stolen', stolen, lab.robot));
  const forged = await lab.attributes({ host: 'nowhere.example' });
  await add('a server that is not known', false, lab.dressed('nowhere', [forged]));
});

async function logon(server: CServer, proxy: string): Promise<{ code: number | null; text: string }> {
  const out = join(lab.directory, 'retrieved.pem');
  rmSync(out, { force: true });
  const { code, stdout, stderr } = await runProgram('myproxy-logon', ['-S', '-l', 'jdoe', '-o', out], {
    env: { ...server.env, X509_USER_PROXY: proxy },
    input: `${PASS_PHRASE}\n`,
  });
  return { code, text: `${stdout}${stderr}` };
}

async function store(server: CServer): Promise<void> {
  const proxy = await lab.proxy('to-store', lab.user);
  const env = { ...server.env, X509_USER_CERT: proxy, X509_USER_KEY: proxy, X509_USER_PROXY: proxy };
  const args = ['-S', '-l', 'jdoe', '-c', '1'];
  const run = await runProgram('myproxy-init', args, { env, input: `${PASS_PHRASE}\n` });
  assert.equal(run.code, 0, `${run.stdout}${run.stderr}`);
}

const config = () =>
  openConfig().replace(
    'authorized_retrievers "*"',
    'authorized_retrievers "FQAN:/testvo/analysis/Role=production/*"',
  );

test('an FQAN policy lets in whose attributes verify, and nobody else, on our server and the C server', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const options = { config: config(), env: { X509_VOMS_DIR: lab.vomsDirectory } };
  const servers = {
    ours: await startOurServer(t, lab.grid, options),
    C: await startCServer(t, lab.grid, options),
  };
  for (const [whose, server] of Object.entries(servers)) {
    await store(server);
    for (const [name, { path, may }] of clients) {
      const { code, text } = await logon(server, path);
      assert.equal(code === 0, may, `${whose}, ${name}: ${text}`);
      if (!may)
        assert.match(text, /not authorized by server's authorized_retrievers policy/, `${whose}, ${name}`);
    }
  }
  const log = readFileSync(join(servers.ours.configFile, '..', 'server.log'), 'utf8');
  assert.match(log, /VOMS attributes of the client: .*\/testvo\/analysis\/Role=production\/Capability=NULL/);
  assert.match(log, /VOMS attributes do not count: it is for the certificate with the serial number/);
  assert.match(log, /VOMS attributes do not count: the attributes of "testvo" have expired/);
});

test('an LSC file that names another server lets nobody in', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const lsc = join(lab.vomsDirectory, 'testvo', 'localhost.lsc');
  const right = readFileSync(lsc, 'utf8');
  t.after(() => writeFileSync(lsc, right));
  writeFileSync(lsc, right.split('\n').reverse().join('\n').trimStart());
  const server = await startOurServer(t, lab.grid, {
    config: config(),
    env: { X509_VOMS_DIR: lab.vomsDirectory },
  });
  await store(server);
  assert.equal((await logon(server, clients.get('the role')?.path ?? '')).code, 1);
  const log = readFileSync(join(server.configFile, '..', 'server.log'), 'utf8');
  assert.match(log, /none of the 1 chains of testvo\/localhost\.lsc is/);
});
