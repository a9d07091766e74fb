// The tools of a job manager reach one on a machine that only sshd leads to.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { RegistryServer } from '../../src/remote/index.ts';
import { freePort } from '../support/free-port.ts';
import { latchkeyWith, modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { havePeers } from '../support/peers.ts';
import { startSshd } from '../support/sshd.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];
const NAME = 'Mupif.JobManager@Example';
const KEY = 'a key of our own';

/** A registry here, and a model server that says another address of itself than the one it listens on. */
async function ground(t: TestContext) {
  const sshd = await startSshd(t);
  const registry = await RegistryServer.listen({
    address: { host: '127.0.0.1', port: 0 },
    hmacKey: new Secret(KEY),
  });
  t.after(() => registry.close());
  const { port: nsport } = registry.address as { port: number };
  const [port, natport] = [await freePort(), await freePort()];
  const model = join(sshd.directory, 'model.mjs');
  writeFileSync(model, 'export class Model { getApplicationSignature() { return "m"; } }');
  // Its user's own configuration of ssh, where nothing of this machine's counts.
  const ssh = join(sshd.directory, 'ssh_config');
  writeFileSync(
    ssh,
    `UserKnownHostsFile ${sshd.knownHosts}\nGlobalKnownHostsFile /dev/null\nIdentityAgent none\n`,
  );
  const settings = join(sshd.directory, 'Config.py');
  const write = (host: string, more = '') =>
    writeFileSync(
      settings,
      `nshost = '127.0.0.1'
nsport = ${nsport}
hkey = '${KEY}'
server = '127.0.0.1'
serverPort = ${port}
serverNathost = '127.0.0.1'
serverNatport = ${natport}
jobManName = '${NAME}'
maxJobs = 1
serverUserName = '${sshd.user}'
sshClient = 'ssh'
options = '-oStrictHostKeyChecking=no -C -i ${sshd.key} -p ${sshd.target.port} -F ${ssh}'
sshHost = '${host}'
${more}`,
    );
  write('127.0.0.1');
  const server = await modelServerProcess(t, ['-c', settings, '-m', '1', '--class', `${model}#Model`], {
    directory: join(sshd.directory, 'models'),
    key: new Secret(KEY),
  });
  await until(() => registry.size > 0, 'it is registered');
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    latchkeyWith(args, { ...process.env, HOME: sshd.directory, ...env });
  const logins = () => sshd.target.log().match(/Accepted publickey/g)?.length ?? 0;
  return { sshd, server, settings, write, run, logins, nsport, natport, ssh };
}

test('-m 1: jobManTest and jobManStatus log in, and go by links to the server and its job, not to the NAT address', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { server, settings, run, logins, natport } = await ground(t);
  assert.match(server.uri, new RegExp(`:${natport}$`));
  const tried = await run(['tool', 'jobManTest', '-c', settings, '-m', '1', '-d']);
  assert.match(tried.out, /^Test OK: 1@Mupif\.JobManager@Example\nTime consumed [\d.]+ s\n$/, tried.err);
  assert.match(tried.err, /it answers, and has getApplicationSignature/);
  assert.match(tried.err, /StrictHostKeyChecking=no is ignored.*\n.*-C is not used/);
  assert.equal(logins(), 1);
  const status = await run(['tool', 'jobManStatus', '-c', settings, '-m', '1']);
  assert.match(status.out, /^Mupif\.JobManager@Example: 0 of 1 job, 1 free\n/, status.err);
  assert.match(status.out, /1@Mupif\.JobManager@Example +ended/);
  assert.equal(logins(), 2);
  assert.equal(server.process.exitCode, null);
});

test('-m 1: the same of latchkey models; and by a name, a URI and a machine that are given', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { sshd, server, settings, run, logins, nsport, ssh } = await ground(t);
  const tried = await run(['models', 'test', '-c', settings, '-m', '1']);
  assert.match(tried.out, /^Test OK: 1@/, tried.err);
  const status = await run(['models', 'status', '-c', settings, '-m', '1', '--json']);
  assert.equal(JSON.parse(status.out).totalJobs, 0, status.err);
  assert.equal(logins(), 2);
  const machine = `${sshd.user}@127.0.0.1:${sshd.target.port}`;
  const login = ['--machine', machine, '-i', sshd.key, '--only-these', '--known-hosts', sshd.knownHosts];
  const named = ['--name', NAME, '--ns', `127.0.0.1:${nsport}`, '--ssh-config', 'none'];
  const byName = await run(['models', 'test', ...named, ...login], { MUPIF_HKEY: KEY });
  assert.match(byName.out, /^Test OK: 2@/, byName.err);
  // A server on a socket has no address at all but through SSH.
  const key = join(sshd.directory, 'key');
  writeFileSync(key, KEY, { mode: 0o600 });
  const uri = `PYRO:models@./u:${join(server.directory, 'control')}`;
  const byUri = await run(['models', 'status', '--uri', uri, '--ssh-config', ssh, ...login.slice(0, 4)]);
  assert.match(byUri.out, /0 of 1 job/, byUri.err);
  assert.equal(logins(), 4);
});

test('-m 1: who cannot be logged in to, and what is not said, is one clear error with the remedy, and no job', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { sshd, server, settings, write, run } = await ground(t);
  write('');
  const unsaid = await run(['models', 'test', '-c', settings, '-m', '1']);
  assert.deepEqual([unsaid.code, /does not say which machine/.test(unsaid.err)], [1, true], unsaid.err);
  assert.match(unsaid.err, /hint: .*sshHost/);
  write('127.0.0.1');
  await sshd.target.stop();
  for (const end of ['', '.pub'])
    writeFileSync(`${sshd.target.hostKey}${end}`, readFileSync(`${sshd.strangerKey}${end}`));
  await sshd.target.start();
  const changed = await run(['models', 'test', '-c', settings, '-m', '1']);
  assert.equal(changed.code, 4, changed.err);
  assert.match(changed.err, /host key/);
  const tool = await run(['tool', 'jobManTest', '-c', settings, '-m', '1']);
  assert.deepEqual([tool.code, /host key/.test(tool.err)], [1, true], tool.err);
  const status = await run(['models', 'status', '-D', server.directory, '--json']);
  assert.deepEqual(JSON.parse(status.out).currJobs, []);
  // MuPIF ends the process for a program that it does not know, and with success.
  write('127.0.0.1', "sshClient = 'nosuchssh'");
  const unknown = await run(['tool', 'jobManTest', '-c', settings, '-m', '1']);
  assert.deepEqual([unknown.code, unknown.out, /nosuchssh/.test(unknown.err)], [1, '', true], unknown.err);
  for (const { out, err } of [unsaid, changed, tool, unknown])
    assert.equal(`${out}${err}`.includes(KEY), false);
});

test('without -m 1 nobody logs in: the tags tell where the server is; a machine without a name is told', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { settings, run, logins } = await ground(t);
  const local = await run(['models', 'status', '-c', settings, '-m', '0']);
  assert.match(local.out, /0 of 1 job/, local.err);
  assert.equal(logins(), 0);
  const nameless = await run(['models', 'status', '--machine', 'thermal']);
  assert.deepEqual([nameless.code, /which model server is not said/.test(nameless.err)], [2, true]);
});
