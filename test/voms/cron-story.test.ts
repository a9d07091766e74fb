import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { openConfig } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { startOurServer } from '../support/our-server.ts';
import { latchkeyExecutable, linkOurTools } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { startTestAuthority } from '../support/voms-site.ts';
import { workspace } from '../support/workspace.ts';

const TOOLS = ['myproxy-init', 'myproxy-logon', 'myproxy-get-delegation', 'voms-proxy-init'];
const PASS = 'a pass phrase of its own\n';
const FQANS = ['/testvo/Role=NULL/Capability=NULL', '/testvo/analysis/Role=NULL/Capability=NULL'];

/** A stored credential of a week, an authority, and the tools; `config` is more lines of the server's configuration. */
async function setUp(t: TestContext, config: (vomses: string) => string = () => '') {
  const grid = await makeGrid(workspace(t));
  const site = await startTestAuthority(t, grid);
  const server = await startOurServer(t, grid, {
    config: openConfig(grid.trustDirectory) + config(site.vomses),
    env: { X509_VOMS_DIR: site.vomsDirectory },
  });
  const bin = linkOurTools(join(grid.directory, 'bin'), TOOLS);
  const own: NodeJS.ProcessEnv = {
    ...site.env,
    MYPROXY_SERVER: 'localhost',
    MYPROXY_SERVER_PORT: String(server.port),
  };
  // A cron job has no certificate of its own.
  const cron: NodeJS.ProcessEnv = { ...own, X509_USER_CERT: '/nonexistent', X509_USER_KEY: '/nonexistent' };
  const run = async (env: NodeJS.ProcessEnv, name: string, ...args: string[]) => {
    const result = await runProgram(join(bin, name), args, { env, input: PASS, timeoutMs: 60_000 });
    return { code: result.code, out: result.stdout.toString(), err: result.stderr.toString() };
  };
  const must = async (env: NodeJS.ProcessEnv, name: string, ...args: string[]) => {
    const result = await run(env, name, ...args);
    assert.equal(result.code, 0, `${name}: ${result.out}${result.err}`);
    return result;
  };
  return { grid, site, own, cron, run, must };
}

/** What C tools say of a proxy: how many CNs were put below the user's name, and its attributes. */
async function judged(env: NodeJS.ProcessEnv, file: string, ca: string) {
  const info = async (...args: string[]) => {
    const { stdout } = await runProgram('voms-proxy-info2', ['-file', file, ...args], { env });
    return stdout.toString().trim();
  };
  const subject = await info('-subject');
  assert.match(subject, /^\/O=Grid\/OU=Test\/CN=Jane User(\/CN=\d+)+$/);
  const verified = await runProgram(
    'openssl',
    ['verify', '-allow_proxy_certs', '-CAfile', ca, '-untrusted', file, file],
    { env },
  );
  assert.equal(verified.code, 0, verified.stderr.toString());
  return {
    depth: subject.split('/CN=').length - 2,
    fqans: (await info('-fqan')).split('\n'),
    all: await info('-all'),
  };
}

test('a week-long credential is stored, retrieved without a certificate, and dressed: four CNs deep, as C tools see it', async (t) => {
  if (!havePeers(t, 'openssl', 'voms-proxy-info2')) return;
  const { grid, own, cron, run, must } = await setUp(t);
  const stored = await must(own, 'myproxy-init', '-a', '-S', '-l', 'jane');
  assert.match(
    stored.out,
    /A proxy valid for 168 hours \(7\.0 days\) for user jane now exists on localhost\./,
  );

  const proxy = cron.X509_USER_PROXY ?? '';
  await must(cron, 'myproxy-get-delegation', '-S', '-l', 'jane');
  // What is asked for is longer than what is left: the tool says so with both ends, and ends with 1 as the C++ one.
  const longer = join(grid.directory, 'longer.pem');
  const warned = await run(
    cron,
    'voms-proxy-init',
    '-voms',
    'testvo',
    '-noregen',
    '-valid',
    '13:00',
    '-out',
    longer,
  );
  assert.equal(warned.code, 1);
  assert.match(
    warned.err,
    /\nWarning: your certificate and proxy will expire (.*)\nwhich is within the requested lifetime of the proxy\nWarning: your proxy will expire \1\nbefore its attributes of testvo, which would last until /,
  );
  const dressed = await must(cron, 'voms-proxy-init', '-voms', 'testvo', '-noregen', '-valid', '11:00');
  assert.match(dressed.out, /^Your identity: \/O=Grid\/OU=Test\/CN=Jane User(\/CN=\d+){3}\n/);
  assert.match(
    dressed.out,
    /Contacting {2}localhost:\d+ \[\/O=Grid\/OU=Test\/CN=localhost\] "testvo" Done\n/,
  );
  const byHand = await judged(cron, proxy, grid.ca.certificate);
  assert.equal(byHand.depth, 4);
  assert.deepEqual(byHand.fqans, FQANS);

  const one = join(grid.directory, 'one.pem');
  const logon = await must(cron, 'myproxy-logon', '-S', '-l', 'jane', '--voms', 'testvo', '-o', one);
  assert.match(logon.out, /Contacting .* Done\n[\s\S]*A credential has been received for user jane in /);
  const atOnce = await judged(cron, one, grid.ca.certificate);
  assert.equal(atOnce.depth, 4);
  assert.deepEqual(atOnce.fqans, FQANS);
  assert.match(atOnce.all, /attribute : nickname = jane \(testvo\)/);

  const ours = join(grid.directory, 'ours.pem');
  const logonArgs = ['logon', '-l', 'jane', '--pass-phrase-stdin', '--voms', 'testvo:/testvo/Role=VO-Admin'];
  const house = await runProgram(process.execPath, [latchkeyExecutable, ...logonArgs, '-o', ours, '--json'], {
    env: cron,
    cwd: grid.directory,
    input: PASS,
  });
  assert.equal(house.code, 0, house.stderr.toString());
  const { fqans } = JSON.parse(house.stdout.toString());
  assert.deepEqual(fqans, ['/testvo/Role=VO-Admin/Capability=NULL', ...FQANS]);
  const inHouse = await judged(cron, ours, grid.ca.certificate);
  assert.deepEqual([inHouse.depth, inHouse.fqans], [4, fqans]);
});

test('myproxy-logon --voms writes nothing when the attributes are refused', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const { grid, own, cron, run, must } = await setUp(t);
  await must(own, 'myproxy-init', '-a', '-S', '-l', 'jane');
  const out = join(grid.directory, 'none.pem');
  const refused = await run(
    cron,
    'myproxy-logon',
    '-S',
    '-l',
    'jane',
    '-m',
    'testvo:/testvo/Role=nope',
    '-o',
    out,
  );
  assert.equal(refused.code, 1);
  assert.match(refused.err, /Unable to satisfy B\/testvo:nope request![\s\S]*voms-proxy-init failed\n$/);
  const unknown = await run(cron, 'myproxy-logon', '-S', '-l', 'jane', '-m', 'nosuch', '-o', out);
  assert.match(unknown.err, /no VOMS server of "nosuch" is known/);
  assert.equal(existsSync(out), false);
});

test('a server that may ask for attributes puts them into the proxy it delegates: three CNs, and no VOMS server known here', async (t) => {
  if (!havePeers(t, 'openssl', 'voms-proxy-info2')) return;
  const { grid, own, cron, run, must } = await setUp(
    t,
    (vomses) => `allow_voms_attribute_requests true\nvoms_userconf ${vomses}\n`,
  );
  await must(own, 'myproxy-init', '-a', '-S', '-l', 'jane');
  const out = join(grid.directory, 'server.pem');
  const nothingKnown = { ...cron, X509_VOMSES: '/nonexistent' };
  const role = 'testvo:/testvo/analysis/Role=production';
  await must(nothingKnown, 'myproxy-logon', '-S', '-l', 'jane', '-m', role, '-o', out);
  const { depth, fqans } = await judged(cron, out, grid.ca.certificate);
  assert.equal(depth, 3);
  assert.deepEqual(fqans, ['/testvo/analysis/Role=production/Capability=NULL', ...FQANS]);

  const refused = await run(
    nothingKnown,
    'myproxy-logon',
    '-S',
    '-l',
    'jane',
    '-m',
    'testvo:/testvo/Role=nope',
    '-o',
    out,
  );
  assert.equal(refused.code, 1);
  assert.match(refused.err, /ERROR from myproxy-server:\n[\s\S]*Unable to satisfy B\/testvo:nope request!/);
});

test('myproxy-init --voms stores a proxy that has its attributes', async (t) => {
  if (!havePeers(t, 'openssl', 'voms-proxy-info2')) return;
  const { grid, own, cron, must } = await setUp(t);
  const stored = await must(own, 'myproxy-init', '-a', '-S', '-l', 'jane', '-m', 'testvo');
  assert.match(stored.out, /Contacting .* Done\nCreating proxy/);
  const out = join(grid.directory, 'plain.pem');
  await must(cron, 'myproxy-logon', '-S', '-l', 'jane', '-o', out);
  assert.deepEqual((await judged(cron, out, grid.ca.certificate)).fqans, FQANS);
  assert.equal(readFileSync(out, 'utf8').match(/BEGIN CERTIFICATE/g)?.length, 4);
});

test("the C client's -m gets attributes from our server, which uses no VOMS server that only the client names", async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-logon', 'voms-proxy-info2')) return;
  const { grid, site, own, cron, must } = await setUp(
    t,
    (vomses) => `allow_voms_attribute_requests true\nvoms_userconf ${vomses}\n`,
  );
  await must(own, 'myproxy-init', '-a', '-S', '-l', 'jane');
  const out = join(grid.directory, 'c.pem');
  const logon = (userConf: string) =>
    runProgram('myproxy-logon', ['-S', '-l', 'jane', '-m', 'testvo', '-o', out], {
      env: { ...cron, VOMS_USERCONF: userConf, MYPROXY_SERVER_DN: grid.host.dn },
      input: PASS,
    });
  const elsewhere = join(grid.directory, 'elsewhere');
  writeFileSync(elsewhere, `"testvo" "localhost" "1" "${grid.host.dn}" "testvo"\n`, { mode: 0o644 });
  const refused = await logon(elsewhere);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr.toString(),
    /the VOMS server "localhost:1" is not one that this MyProxy server knows/,
  );
  const done = await logon(site.vomses);
  assert.equal(done.code, 0, done.stderr.toString());
  const { depth, fqans } = await judged(cron, out, grid.ca.certificate);
  assert.equal(depth, 3);
  assert.deepEqual(fqans, FQANS);
});
