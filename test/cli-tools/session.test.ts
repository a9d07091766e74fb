import assert from 'node:assert/strict';
import { chmodSync, existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CServer, openConfig, startCServer } from '../support/c-server.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { runTool, type ToolRun } from './run-tool.ts';

const PASS = 'correct horse\n';

/** One step of a session: a tool, its arguments and input. */
interface Step {
  readonly tool: string;
  readonly argv: readonly string[];
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A day's work of a user: store, look, retrieve, renew, change, get wrong, destroy. `DIR` is the place for files. */
const STEPS: readonly Step[] = [
  { tool: 'grid-proxy-init', argv: ['-q', '-hours', '3'] },
  { tool: 'grid-proxy-init', argv: ['-verify'] },
  { tool: 'grid-proxy-info', argv: ['-e', '-valid', '11:0'] },
  { tool: 'grid-proxy-info', argv: ['-e', '-hours', '13'] },
  { tool: 'grid-proxy-info', argv: ['-type', '-identity', '-issuer', '-strength', '-path'] },
  { tool: 'grid-proxy-init', argv: ['-old', '-limited', '-out', 'DIR/legacy'] },
  { tool: 'grid-proxy-info', argv: ['-file', 'DIR/legacy', '-subject', '-type', '-rfc2253'] },
  { tool: 'grid-proxy-init', argv: ['-draft', '-q', '-out', 'DIR/draft'] },
  { tool: 'grid-proxy-info', argv: ['-f', 'DIR/draft', '-type'] },
  {
    tool: 'grid-proxy-init',
    argv: ['-cert', 'DIR/legacy', '-key', 'DIR/legacy', '-rfc', '-out', 'DIR/mixed'],
  },
  { tool: 'grid-proxy-init', argv: ['-valid', '99999:0', '-out', 'DIR/long'] },
  { tool: 'grid-proxy-init', argv: ['-out', 'DIR/none/x'] },
  { tool: 'myproxy-init', argv: ['-S', '-a', '-c', '48'], input: PASS },
  { tool: 'myproxy-init', argv: ['-x', '-R', '/O=Grid/*|b', '-k', 'ren', '-K', 'some words', '-t', '3'] },
  { tool: 'myproxy-init', argv: ['-S', '-k', 'short'], input: 'short\n' },
  { tool: 'myproxy-init', argv: ['-S', '-k', 'none'] },
  { tool: 'myproxy-info', argv: [] },
  { tool: 'myproxy-info', argv: ['-k', 'ren'] },
  { tool: 'myproxy-info', argv: ['-d'] },
  { tool: 'myproxy-info', argv: ['-l', 'nobody'] },
  { tool: 'myproxy-logon', argv: ['-S', '-o', 'DIR/proxy2', '-t', '168:00'], input: PASS },
  { tool: 'myproxy-get-delegation', argv: ['-S', '-q', '-o', 'DIR/proxy2'], input: PASS },
  { tool: 'myproxy-logon', argv: ['-S', '-N'], input: PASS },
  { tool: 'myproxy-logon', argv: ['-S', '-T', '-o', 'DIR/proxy2'], input: PASS },
  { tool: 'myproxy-logon', argv: ['-S', '-o', 'DIR/proxy2'], input: 'wrong horse\n' },
  { tool: 'myproxy-logon', argv: ['-S', '-o', 'DIR/proxy2'], input: 'short\n' },
  { tool: 'myproxy-logon', argv: ['-S', '-o', 'DIR/proxy2'] },
  { tool: 'myproxy-logon', argv: ['-o', 'DIR/proxy2'] },
  { tool: 'myproxy-logon', argv: ['-o', 'DIR/proxy2'], input: PASS },
  { tool: 'myproxy-logon', argv: ['-n', '-l', 'nobody', '-o', 'DIR/proxy2'] },
  { tool: 'myproxy-logon', argv: ['-S', '-o', 'DIR/none/x'], input: PASS },
  { tool: 'myproxy-change-pass-phrase', argv: ['-S'], input: `${PASS}battery staple\n` },
  { tool: 'myproxy-change-pass-phrase', argv: ['-S'], input: `${PASS}battery staple\n` },
  { tool: 'myproxy-change-pass-phrase', argv: ['-S'], input: 'battery staple\n' },
  { tool: 'myproxy-get-trustroots', argv: [] },
  { tool: 'myproxy-get-trustroots', argv: ['-q'] },
  { tool: 'myproxy-store', argv: ['-l', 'stored', '-E', 'Jane User', '-K', 'the real one'] },
  { tool: 'myproxy-info', argv: ['-l', 'stored'] },
  { tool: 'myproxy-retrieve', argv: ['-n', '-l', 'stored', '-c', 'DIR/c', '-y', 'DIR/k'] },
  { tool: 'myproxy-retrieve', argv: ['-n', '-l', 'stored', '-c', 'DIR/legacy', '-y', 'DIR/k'] },
  { tool: 'myproxy-destroy', argv: ['-k', 'nosuch'] },
  { tool: 'myproxy-destroy', argv: ['-k', 'ren'] },
  { tool: 'myproxy-destroy', argv: [] },
  { tool: 'myproxy-destroy', argv: [] },
  { tool: 'myproxy-info', argv: ['-p', '1'] },
  { tool: 'myproxy-info', argv: [], env: { MYPROXY_SERVER_DN: '/CN=somebody else' } },
  { tool: 'grid-proxy-destroy', argv: ['-dryrun'] },
  { tool: 'grid-proxy-destroy', argv: ['DIR/legacy', 'DIR/draft'] },
  { tool: 'grid-proxy-destroy', argv: [] },
  { tool: 'grid-proxy-destroy', argv: [] },
];

test('a session with our tools reads like one with the C tools, against the C server', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-init', 'myproxy-server', 'grid-proxy-init', 'setsid')) return;
  const theirs = await session(t, 'C');
  const ours = await session(t, 'ours');
  const differences = STEPS.map((step, index) => ({ step, theirs: theirs[index], ours: ours[index] }))
    .filter(({ theirs, ours }) => theirs !== ours)
    .map(({ step, theirs, ours }) => `$ ${step.tool} ${step.argv.join(' ')}\nC:\n${theirs}\nours:\n${ours}`);
  assert.equal(differences.length, 0, differences.join('\n\n'));
});

async function session(t: TestContext, whose: 'C' | 'ours'): Promise<string[]> {
  const { server, directory, env } = await openSession(t);
  return STEPS.map((step) => {
    const argv = step.argv.map((word) => word.replace('DIR', directory));
    const run = runTool(whose, step.tool, argv, {
      env: { ...env, ...step.env },
      ...(step.input !== undefined && { input: step.input }),
    });
    return normal(run, directory, server);
  });
}

interface Session {
  readonly grid: Grid;
  readonly server: CServer;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

async function openSession(t: TestContext): Promise<Session> {
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const server = await startCServer(t, grid, { config: openConfig(grid.trustDirectory) });
  const env = {
    ...server.env,
    HOME: directory,
    X509_USER_PROXY: join(directory, 'proxy'),
    X509_USER_CERT: grid.user.certificate,
    X509_USER_KEY: grid.user.key,
  };
  return { grid, server, directory, env };
}

/** What changes from run to run (times, serials, dots), what only ours says (hints) and what only C says (Globus chains) is taken out. */
function normal(run: ToolRun, directory: string, server: CServer): string {
  const tidy = (text: string): string[] =>
    text
      .replaceAll(directory, 'DIR')
      .replaceAll(String(server.port), 'PORT')
      .replace(/^ {2}hint: .*\n/gm, '')
      .replace(/Creating proxy [.+*\n]*/g, 'Creating proxy ')
      .replace(/\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, 'DATE')
      .replace(/CN=\d+/g, 'CN=SERIAL')
      .replace(
        /timeleft: (\d+):\d\d:\d\d/g,
        (_, hours) => `timeleft: about ${Math.round(Number(hours) / 10) * 10} h`,
      )
      .replace(/proxy valid for \d+ hours/, 'proxy valid for N hours')
      .split('\n')
      .filter((line) => !/^(\s*globus_sysconfig: |$)/.test(line))
      .map((line) => line.trimEnd());
  const stderr = tidy(run.stderr).map(sameMatter);
  return [
    `exit ${run.code}`,
    ...tidy(run.stdout).map((line) => `out: ${line}`),
    ...unique(stderr).map((line) => `err: ${line}`),
  ].join('\n');
}

/** Lines that tell the same in other words. */
function sameMatter(line: string): string {
  if (/^Unable to connect to|^Connection refused$/.test(line)) return 'Unable to connect to …';
  if (
    /^Server authorization failed|does not match \$|^\(\/|^If the server identity|^MYPROXY_SERVER_DN=|^and try again/.test(
      line,
    )
  ) {
    return 'Server authorization failed …';
  }
  return line;
}

function unique(lines: readonly string[]): string[] {
  return lines.filter((line, index) => line !== lines[index - 1]);
}

test('what our tools write: modes, links, order in the file', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-server')) return;
  const { directory, env } = await openSession(t);
  const ours = (tool: string, argv: readonly string[], input = ''): ToolRun =>
    runTool('ours', tool, argv, { env, input });
  assert.equal(ours('myproxy-init', ['-S', '-a'], PASS).code, 0);
  const precious = join(directory, 'precious');
  const out = join(directory, 'out');
  writeFileSync(precious, 'precious');
  chmodSync(precious, 0o644);
  symlinkSync(precious, out);
  assert.equal(ours('myproxy-logon', ['-S', '-o', out], PASS).code, 0);
  assert.equal(readFileSync(precious, 'utf8'), 'precious', 'the file behind the link is untouched');
  assert.ok(lstatSync(out).isFile());
  assert.equal(lstatSync(out).mode & 0o777, 0o600);
  const blocks = readFileSync(out, 'utf8').match(/BEGIN [A-Z ]+/g);
  assert.deepEqual(
    blocks?.map((block) => block.slice(6)),
    ['CERTIFICATE', 'RSA PRIVATE KEY', 'CERTIFICATE', 'CERTIFICATE', 'CERTIFICATE'],
  );
  const printed = ours('myproxy-logon', ['-S', '-o', '-'], PASS);
  assert.match(printed.stdout, /^-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----\n$/);
  assert.equal(printed.stderr, '');
  assert.ok(!existsSync(join(directory, 'proxy')), 'myproxy-init leaves no proxy on disk');
  assert.equal(ours('myproxy-init', ['-S', '-L', '-k', 'local'], PASS).code, 0);
  assert.equal(lstatSync(join(directory, 'proxy')).mode & 0o777, 0o600);
});

test('the Python client’s command: a proxy with trust on first use, and its exit codes', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-server')) return;
  const { directory, env } = await openSession(t);
  assert.equal(runTool('ours', 'myproxy-init', ['-S', '-a'], { env, input: PASS }).code, 0);
  const roots = join(directory, 'roots');
  const stranger = {
    ...env,
    X509_CERT_DIR: roots,
    X509_USER_CERT: '/nonexistent',
    X509_USER_KEY: '/nonexistent',
  };
  const out = join(directory, 'python.pem');
  const argv = ['logon', '-s', 'localhost', '-l', 'jane', '-o', out, '-b', '-S'];
  const first = runTool('ours', 'myproxyclient', argv, { env: stranger, input: PASS });
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /^Bootstrapping MyProxy server root of trust\./);
  assert.match(readFileSync(out, 'utf8'), /BEGIN CERTIFICATE[\s\S]*PRIVATE KEY[\s\S]*BEGIN CERTIFICATE/);
  assert.equal(lstatSync(out).mode & 0o777, 0o600);
  const wrong = runTool('ours', 'myproxyclient', argv, { env: stranger, input: 'wrong horse\n' });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^MyProxy error retrieving credentials: [\s\S]*invalid credential passphrase/m);
  assert.equal(runTool('ours', 'myproxyclient', ['login'], { env }).code, 2);
});
