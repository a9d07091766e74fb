import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { until } from '../support/credential-directory.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { type SshGround, type SshGroundOptions, startSshd } from '../support/sshd.ts';
import { workspace } from '../support/workspace.ts';

interface Stage {
  readonly ground: SshGround;
  readonly address: string;
  /** Options that reach it without anything of this user's own. */
  readonly options: readonly string[];
  run(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  start(...argv: string[]): {
    readonly child: ChildProcess;
    said(): string;
    readonly ended: Promise<number | null>;
  };
}

async function stage(t: TestContext, server: SshGroundOptions = {}): Promise<Stage> {
  const ground = await startSshd(t, server);
  const home = workspace(t);
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  const env = { PATH: process.env.PATH ?? '', HOME: home, XDG_RUNTIME_DIR: join(home, 'run') };
  const options = ['--identity', ground.key, '--known-hosts', ground.knownHosts, '--only-these'];
  return {
    ground,
    address: `ssh://${ground.user}@127.0.0.1:${ground.target.port}`,
    options,
    async run(...argv) {
      const { code, stdout, stderr } = await runProgram(process.execPath, [latchkeyExecutable, ...argv], {
        env,
        timeoutMs: 60_000,
        maxOutputBytes: 64 << 20,
      });
      return { code, out: stdout.toString(), err: stderr.toString() };
    },
    start(...argv) {
      const child = spawn(process.execPath, [latchkeyExecutable, ...argv], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      t.after(() => child.kill('SIGKILL'));
      let text = '';
      child.stderr.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
      return { child, said: () => text, ended };
    },
  };
}

test('latchkey ssh: words arrive as they are, both outputs, the exit code; refusals say why', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { ground, address, options, run } = await stage(t);
  const good = await run(
    'ssh',
    ...options,
    address,
    '--',
    'sh',
    '-c',
    'printf "%s|" "$@"; echo no >&2; exit 7',
    'sh',
    'a  b',
    '$HOME',
    "it's",
  );
  assert.deepEqual([good.code, good.out, good.err], [7, "a  b|$HOME|it's|", 'no\n']);
  const encrypted = await run(
    'ssh',
    '--identity',
    ground.encryptedKey,
    ...options.slice(2),
    address,
    '--',
    'true',
  );
  assert.equal(encrypted.code, 2);
  assert.match(encrypted.err, /no terminal to ask on for: Pass phrase of/);
  const stranger = await run(
    'ssh',
    '--identity',
    ground.strangerKey,
    ...options.slice(2),
    address,
    '--',
    'true',
  );
  assert.equal(stranger.code, 3, stranger.err);
  const nobody = await run(
    'ssh',
    ...options.slice(0, 2),
    '--known-hosts',
    '/dev/null',
    '--only-these',
    address,
    '--',
    'true',
  );
  assert.equal(nobody.code, 4);
  assert.match(nobody.err, /host key .* is not known here\n {2}hint: /);
  assert.match((await run('ssh', ...options, address)).err, /no terminal for a shell/);
});

test('latchkey ssh --json: one document with both outputs, bounded; a shell has none', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { address, options, run } = await stage(t);
  const script = 'echo out; echo no >&2; exit 7';
  const small = await run('ssh', '--json', ...options, address, '--', 'sh', '-c', script);
  assert.deepEqual([small.code, small.err], [7, '']);
  assert.deepEqual(JSON.parse(small.out), {
    ...{ exitCode: 7, stdout: 'out\n', stderr: 'no\n', isTruncated: false },
  });
  const large = await run('ssh', '--json', ...options, address, '--', 'sh', '-c', 'yes | head -c 9000000');
  const told = JSON.parse(large.out);
  assert.deepEqual([large.code, told.stdout.length, told.isTruncated], [0, 4 << 20, true]);
  const shell = await run('ssh', '--json', ...options, address);
  assert.match(shell.out + shell.err, /a shell has no --json/);
});

test('latchkey run, by the same options: what it printed, its exit code, nothing left there', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { address, options, run } = await stage(t);
  const sandboxes = join(workspace(t), 'jobs');
  const words = ['sh', '-c', 'printf "%s|" "$@"; exit 5', 'sh', 'a  b', '$HOME'];
  const { code, out, err } = await run('run', ...options, '--sandboxes', sandboxes, address, '--', ...words);
  assert.deepEqual([code, out], [5, 'a  b|$HOME|'], err);
  const shown = await run('session', 'show', ...options, address);
  assert.match(shown.out, /^SSH 1 +.*SHA256:/m);
});

test('latchkey tunnel: open, proven, listed, asked, closed; a second of that name is refused', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { address, options, run, start } = await stage(t);
  const server = createServer((_, response) => response.end('hello through it'));
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const tunnel = start(
    'tunnel',
    'open',
    ...options,
    '--name',
    'db',
    address,
    `L:0:127.0.0.1:${port}`,
    'L:0:127.0.0.1:1',
  );
  const through = await until(
    () => /✔ local 127\.0\.0\.1:(\d+) .*proven/.exec(tunnel.said())?.[1],
    tunnel.said(),
  );
  assert.match(tunnel.said(), /! local 127\.0\.0\.1:\d+ → 127\.0\.0\.1:1 {2}degraded: /);
  assert.equal(await (await fetch(`http://127.0.0.1:${through}/`)).text(), 'hello through it');

  const list = await run('tunnel', 'list');
  assert.match(list.out, /^db +ssh .* ready +local .* proven$/m);
  const status = await run('tunnel', 'status', 'db', '--json');
  assert.equal(status.code, 1);
  assert.deepEqual(
    JSON.parse(status.out).forwards.map((one: { state: string }) => one.state),
    ['proven', 'degraded'],
  );
  const again = await run('tunnel', 'open', ...options, '--name', 'db', address, 'D:0');
  assert.match(again.err, /there is a tunnel "db" already\n {2}hint: latchkey tunnel close db/);

  assert.match((await run('tunnel', 'close', 'db')).out, /db is closed/);
  assert.equal(await tunnel.ended, 0, tunnel.said());
  assert.match((await run('tunnel', 'list')).out, /no tunnel is open/);
  const none = await run('tunnel', 'status', 'db');
  assert.deepEqual([none.code, /there is no tunnel "db"/.test(none.err)], [5, true], none.err);
  assert.match((await run('tunnel', 'open', ...options, address, '8080:db:1')).err, /is no forward/);
});

test('a directory for tunnels that others may enter is not used', async (t) => {
  const home = workspace(t);
  const place = join(home, `latchkey-tunnels-${process.getuid?.()}`);
  mkdirSync(place);
  chmodSync(place, 0o755);
  const { code, stderr } = await runProgram(process.execPath, [latchkeyExecutable, 'tunnel', 'list'], {
    env: { PATH: process.env.PATH, XDG_RUNTIME_DIR: home },
  });
  assert.notEqual(code, 0);
  assert.match(stderr.toString(), /is not a directory of yours alone/);
});

test('latchkey doctor ADDRESS: each step, and what stands in the way', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { ground, address, options, run } = await stage(t);
  const good = await run('doctor', ...options, address);
  assert.equal(good.code, 0, good.err);
  for (const step of ['DNS', 'port', 'credentials', 'login', 'shell', 'files', 'clock', 'forwarding'])
    assert.match(good.err, new RegExp(`✔ ${step} `), step);
  assert.match(good.err, /says SSH-2\.0-OpenSSH/);

  const denied = await run(
    'doctor',
    '--identity',
    ground.strangerKey,
    ...options.slice(2),
    address,
    '--json',
  );
  assert.equal(denied.code, 1);
  const { checks } = JSON.parse(denied.out) as { checks: { name: string; state: string; remedy?: string }[] };
  const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]));
  assert.deepEqual(
    [states.login, states.shell, states.files, states.clock],
    ['failed', 'skipped', 'skipped', 'skipped'],
  );
  assert.notEqual(checks.find(({ name }) => name === 'login')?.remedy, undefined);

  const scheduler = await run('doctor', ...options, address.replace('ssh:', 'lsf+ssh:'));
  assert.equal(scheduler.code, 1);
  assert.match(scheduler.err, /✘ scheduler +.*"bjobs"/);
  await ground.target.stop();
  const gone = await run('doctor', ...options, address);
  assert.match(gone.err, /✘ port +.* refuses: ECONNREFUSED\n +is sshd running there/);
  assert.equal((await run('doctor', 'local://')).code, 0);
  const alias = await run('doctor', ...options, 'nowhere.invalid');
  assert.match(
    alias.err,
    /· port +this machine does not know the name; ssh may\n[\s\S]*✘ login +.*Could not resolve/,
  );
});

test('latchkey run --json: no more than the beginning of an output is in the document', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { address, options, run } = await stage(t);
  const sandboxes = join(workspace(t), 'jobs');
  const much = 'head -c 5000000 /dev/zero | tr "\\0" x; echo small >&2';
  const { stdout, stderr, isTruncated, exitCode } = JSON.parse(
    (await run('run', '--json', ...options, '--sandboxes', sandboxes, address, '--', 'sh', '-c', much)).out,
  );
  assert.deepEqual([stdout.length, stderr, isTruncated, exitCode], [4 << 20, 'small\n', true, 0]);
});

test('an encrypted key without a terminal: told what this command can do', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { ground, address, options, run } = await stage(t);
  const locked = await run(
    'ssh',
    '--identity',
    ground.encryptedKey,
    ...options.slice(2),
    address,
    '--',
    'true',
  );
  assert.match(
    locked.err,
    /no terminal to ask on for: Pass phrase of .*\n {2}hint: load the key into an agent: ssh-add/,
  );
});

test('a tunnel that the server does not let through names the setting, when opened and when asked', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { address, options, run, start } = await stage(t, { config: ['PermitOpen none'] });
  const tunnel = start('tunnel', 'open', ...options, '--name', 'db', address, 'L:0:127.0.0.1:1');
  const said = /degraded: the server does not let through.*\n +ask its administrator about .*PermitOpen/;
  await until(() => said.test(tunnel.said()) || undefined, tunnel.said());
  const status = await run('tunnel', 'status', 'db');
  assert.match(status.out, said);
  const [forward] = JSON.parse((await run('tunnel', 'status', 'db', '--json')).out).forwards;
  assert.match(forward.hint, /PermitOpen/);
  await run('tunnel', 'close', 'db');
  assert.equal(await tunnel.ended, 0, tunnel.said());
});

test('sshd that forbids listeners over there: doctor says so, and that the other way is open', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { address, options, run } = await stage(t, { config: ['PermitListen none'] });
  const { code, err } = await run('doctor', ...options, address);
  assert.equal(code, 0, err);
  assert.match(
    err,
    /! forwarding +allowed from here to there, and not back: .*\n +jobs need none; .*PermitListen/,
  );
});

for (const setting of ['PermitOpen none', 'AllowTcpForwarding no', 'DisableForwarding yes']) {
  test(`doctor under "${setting}": forwarding is a warning with what to ask for; jobs need none`, async (t) => {
    if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
    const { address, options, run } = await stage(t, { config: [setting] });
    const { code, out, err } = await run('doctor', ...options, address);
    assert.equal(code, 0, err);
    assert.match(
      err,
      /! forwarding +.*does not let through.*\n +jobs need none; tunnels do: .*AllowTcpForwarding and PermitOpen in sshd_config/,
    );
    assert.match(err, /✔ login .*\n.*✔ shell .*\n.*✔ files /);
    assert.match(out, /nothing stands in the way/);
    const json = JSON.parse((await run('doctor', '--json', ...options, address)).out);
    const { state } = json.checks.find(({ name }: { name: string }) => name === 'forwarding');
    assert.deepEqual([json.ok, state], [true, 'warning']);
  });

  test(`a SOCKS forward under "${setting}" listens, and is not said to be proven`, async (t) => {
    if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
    const { address, options, run, start } = await stage(t, { config: [setting] });
    const tunnel = start('tunnel', 'open', ...options, '--name', 'socks', address, 'D:0');
    const said =
      /listening: the proxy answers, but the server does not let through.*\n +try what .*PermitOpen/;
    await until(() => said.test(tunnel.said()) || undefined, tunnel.said());
    const status = await run('tunnel', 'status', 'socks');
    assert.deepEqual([status.code, said.test(status.out)], [1, true], status.out);
    await run('tunnel', 'close', 'socks');
    assert.equal(await tunnel.ended, 0, tunnel.said());
  });
}

test('doctor with a key that is missing, or none: a finding with what to do, and the rest is looked at', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { ground, address, options, run } = await stage(t);
  const missing = join(ground.directory, 'missing');
  for (const [path, why] of [
    [missing, /✘ credentials +.*there is no ssh key "[^"]*\/missing"\n +\S.*/],
    [ground.knownHosts, /✘ credentials +.*known_hosts.*\n +\S.*/],
  ] as const) {
    const { code, out, err } = await run('doctor', '-i', path, ...options.slice(2), address);
    assert.equal(code, 1, err);
    assert.match(err, why);
    assert.match(err, /✔ port .*says SSH-/);
    assert.match(err, /· login +not looked at: credentials first/);
    assert.match(out, /1 of \d+ checks failed/);
  }
});

test('session show without anything: what was looked for, what to do, and no table without rows', async (t) => {
  const home = workspace(t);
  const show = async (...words: string[]) => {
    const env = { PATH: process.env.PATH, HOME: home };
    const argv = [latchkeyExecutable, 'session', 'show', ...words];
    return (await runProgram(process.execPath, argv, { env })).stdout.toString();
  };
  for (const words of [[], ['nowhere.example']]) {
    const text = await show(...words);
    assert.match(
      text,
      /nothing is found here (?:to log in with|that lets anybody in there)\n +load a key into an agent/,
    );
    assert.match(
      text,
      /NOT USED +WHY\nSSH_AUTH_SOCK +it is not set: no agent\n~\/\.ssh\/id_ed25519 +there is no/,
    );
    assert.doesNotMatch(text, /^USED/m);
  }
  for (const words of [['--only-these'], ['--only-these', 'nowhere.example']]) {
    const text = await show(...words);
    assert.match(
      text,
      /nothing is found .*\n +--only-these looks at nothing.*\n +or name one: --identity FILE/,
    );
    assert.doesNotMatch(text, /NOT USED|\n\n/);
  }
});

test('doctor at a server that turns this address away says why, and what to do', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { ground, options, run } = await stage(t);
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.end('Not allowed at this time\r\n');
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, err } = await run('doctor', ...options, `ssh://${ground.user}@127.0.0.1:${port}`);
  assert.equal(code, 1, err);
  assert.match(err, /✘ port +.* turns this address away: Not allowed at this time\n +.*PerSourcePenalties/);
});
