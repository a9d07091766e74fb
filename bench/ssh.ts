// `npm run bench -- ssh`: one login of ours against OpenSSH's own ControlMaster, at one private sshd on loopback, in one run.
// Commands: ours over kept shells, ssh's by `ssh HOST COMMAND` in a shell's loop; `floor` is a bare shell on ssh's own connection
// that does the same with nothing around it. Forwards: ours by the control protocol, ssh's by `ssh -O forward`, `floor` the same
// request alone on ssh's own control socket; first byte and throughput through both. CPU is of all that took part: this
// process, its ssh processes, sshd and its children.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openSsh, type SshConnection } from '../src/ssh/index.ts';
import { MuxClient } from '../src/ssh/mux/client.ts';
import { freePort } from '../test/support/free-port.ts';
import { endTree } from '../test/support/processes.ts';
import { sshOptions } from '../test/support/ssh-options.ts';
import { startSshd, throwAwayUser } from '../test/support/sshd.ts';
import { BOTH_ANSWER, bareShell } from './support/bare-shell.ts';
import { firstByte, MIBS, source, throughput } from './support/forward-traffic.ts';
import { type Cost, cpuSince, inOrder, inTurns, median, round, type Side } from './support/turns.ts';

const COMMANDS = 1000;
const AT_ONCE = 8;
const COMMANDS_AT_ONCE = 800;
const FORWARDS = 100;
const CONNECTIONS = 200;
const ROUNDS = 6;

const ends: (() => unknown)[] = [];
const scope = { after: (end: () => unknown) => void ends.unshift(end) } as Parameters<typeof startSshd>[0];

/** Both logins, and where they lead. */
interface Ground {
  readonly connection: SshConnection;
  readonly sshd: number;
  /** Words of ssh that ride on its own master. */
  readonly login: readonly string[];
  readonly control: string;
}

try {
  const ground = await logIn();
  await commands(ground);
  const target = await source();
  ends.unshift(target.stop);
  const port = 'port' in target.end ? target.end.port : 0;
  // First: hundreds of listeners make a master slower, and ssh's are not taken back.
  for (const kind of ['local', 'remote'] as const) await traffic(ground, kind, port);
  await settingUp(ground, port);
} finally {
  for (const end of ends) await end();
}

async function logIn(): Promise<Ground> {
  const user = process.getuid?.() === 0 ? throwAwayUser(scope).name : undefined;
  const ground = await startSshd(scope, user === undefined ? {} : { user });
  const connection = await openSsh(sshOptions(ground));
  ends.unshift(() => connection.close());
  const control = join(ground.directory, 'theirs');
  const settings = [
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    `IdentityFile=${ground.key}`,
    `UserKnownHostsFile=${ground.knownHosts}`,
    `Port=${ground.target.port}`,
    `User=${ground.user}`,
  ];
  const login = ['-F', 'none', '-S', control, ...settings.flatMap((setting) => ['-o', setting])];
  const master = spawn('ssh', [...login, '-M', '-N', '127.0.0.1'], { stdio: 'ignore' });
  ends.unshift(() => endTree(master.pid ?? 0, ground.directory));
  while (!existsSync(control)) await delay(10);
  return { connection, sshd: ground.target.pid, login, control };
}

async function commands({ connection, sshd, login }: Ground): Promise<void> {
  const loop =
    (words: string): Side =>
    async (count) => {
      const script = `i=0; while [ $i -lt ${count} ]; do ssh "$@" 127.0.0.1 ${words} </dev/null || exit 1; i=$((i+1)); done`;
      await ended('sh', ['-c', script, 'sh', ...login]);
    };
  const shell = bareShell(login);
  ends.unshift(() => shell.close());
  const repeat =
    (act: () => Promise<unknown>): Side =>
    async (count) => {
      for (let n = 0; n < count; n += 1) await act();
    };
  const atOnce =
    (side: Side): Side =>
    (count) =>
      Promise.all(Array.from({ length: AT_ONCE }, () => side(count / AT_ONCE)));
  const bare = (command: string) => repeat(() => shell.answer(`${command}${BOTH_ANSWER}`));
  // `true` over there is a builtin of the login shell, as it is of ours.
  const script = repeat(() => connection.script('true', []));
  const program = repeat(() => connection.run(['/bin/true']));
  await inTurns(sshd, 20 * AT_ONCE, { ours: atOnce(script), ssh: loop('true'), floor: bare('true') });

  // No process over there at all: what the way there and back costs.
  report({ case: 'way-there-and-back', ...(await inTurns(sshd, COMMANDS, { floor: bare(':') })) });
  const cases = [
    { what: 'command-in-shell', ours: script, words: 'true', least: '(true) </dev/null' },
    { what: 'program', ours: program, words: '/bin/true', least: '(exec /bin/true) </dev/null' },
  ];
  for (const { what, ours, words, least } of cases) {
    const costs = await inTurns(sshd, COMMANDS, { ours, ssh: loop(words), floor: bare(least) });
    report({ case: what, count: COMMANDS, ...compared(costs) });
    const many = await inTurns(sshd, COMMANDS_AT_ONCE, { ours: atOnce(ours), ssh: atOnce(loop(words)) });
    report({ case: `${what}-${AT_ONCE}-at-once`, count: COMMANDS_AT_ONCE, ...compared(many) });
  }
}

async function settingUp({ connection, sshd, login, control }: Ground, port: number): Promise<void> {
  let last = 0;
  const stem = `/tmp/latchkey-bench-${process.pid}-`;
  const path = () => {
    last += 1;
    return `${stem}${last}`;
  };
  ends.unshift(() => execFileSync('sh', ['-c', `rm -f ${stem}*`]));
  const mux = await MuxClient.open(control);
  ends.unshift(() => mux.close());
  const connect = { host: '127.0.0.1', port };
  const ours =
    (prove: boolean): Side =>
    async (count) => {
      for (let n = 0; n < count; n += 1)
        await connection.forward({ kind: 'local', listen: { socketPath: path() }, connect }, { prove });
    };
  const ssh: Side = async (count) => {
    const script = `i=0; while [ $i -lt ${count} ]; do ssh "$@" -O forward -L ${path()}-$i:127.0.0.1:${port} 127.0.0.1 || exit 1; i=$((i+1)); done`;
    await ended('sh', ['-c', script, 'sh', ...login]);
  };
  const floor: Side = async (count) => {
    for (let n = 0; n < count; n += 1)
      await mux.openForward({ kind: 'local', listen: { socketPath: path() }, connect });
  };
  for (const prove of [false, true]) {
    const costs = await inTurns(sshd, FORWARDS, { ours: ours(prove), ssh, floor });
    report({ case: prove ? 'forward-proven' : 'forward', count: FORWARDS, ...compared(costs) });
  }
  for (const forward of connection.forwards) await forward.close();
}

async function traffic(ground: Ground, kind: 'local' | 'remote', port: number): Promise<void> {
  const { connection, login, sshd } = ground;
  const forward = await connection.forward({ kind, listen: { port: 0 }, connect: { port } });
  const free = await freePort();
  const words = `127.0.0.1:${free}:127.0.0.1:${port}`;
  execFileSync('ssh', [...login, '-O', 'forward', kind === 'local' ? '-L' : '-R', words, '127.0.0.1']);
  const sides = { ours: forward.spec.listen, ssh: { port: free } };
  const names = ['ours', 'ssh'] as const;

  const times: Record<'ours' | 'ssh', number[]> = { ours: [], ssh: [] };
  for (let n = 0; n < CONNECTIONS; n += 1)
    for (const side of inOrder(names, n)) times[side].push(await firstByte(sides[side]));
  const [o, s] = [median(times.ours), median(times.ssh)];
  report({
    case: `first-byte-${kind}`,
    count: CONNECTIONS,
    oursMs: round(o),
    sshMs: round(s),
    ratio: round(s / o),
  });

  for (const direction of ['up', 'down'] as const) {
    const rates = { oursFirst: { ours: [], ssh: [] }, sshFirst: { ours: [], ssh: [] } } as Record<
      'oursFirst' | 'sshFirst',
      Record<'ours' | 'ssh', number[]>
    >;
    const cpu = { ours: 0, ssh: 0 };
    for (let n = 0; n < ROUNDS; n += 1) {
      const order = n % 2 === 0 ? 'oursFirst' : 'sshFirst';
      for (const side of inOrder(names, n)) {
        const spent = cpuSince(sshd);
        rates[order][side].push(await throughput(sides[side], direction));
        cpu[side] += spent();
      }
    }
    const all = (side: 'ours' | 'ssh') => [...rates.oursFirst[side], ...rates.sshFirst[side]];
    const ratioOf = (order: 'oursFirst' | 'sshFirst') =>
      round(median(rates[order].ours) / median(rates[order].ssh));
    report({
      case: `throughput-${kind}-${direction}`,
      mib: MIBS,
      oursMBs: round(median(all('ours'))),
      sshMBs: round(median(all('ssh'))),
      ratio: round(median(all('ours')) / median(all('ssh'))),
      ratioOursFirst: ratioOf('oursFirst'),
      ratioSshFirst: ratioOf('sshFirst'),
      cpuRatio: round(cpu.ssh / cpu.ours),
    });
  }
}

/** How many times ours goes into ssh's, and the floor's as well. */
function compared(costs: Readonly<Record<'ours' | 'ssh', Cost>> & { readonly floor?: Cost }) {
  const { ours, ssh, floor } = costs;
  const ratio = { ratio: round(ssh.ms / ours.ms), cpuRatio: round(ssh.cpuMs / ours.cpuMs) };
  if (floor === undefined) return { ours, ssh, ...ratio };
  return {
    ...{ ours, ssh, floor, ...ratio },
    floorRatio: round(ssh.ms / floor.ms),
    floorCpuRatio: round(ssh.cpuMs / floor.cpuMs),
  };
}

async function ended(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}

function report(line: Record<string, unknown>): void {
  console.log(JSON.stringify({ bench: 'ssh', ...line }));
}
