// `npm run bench -- ssh`: one login of ours against OpenSSH's own ControlMaster, at one private sshd on loopback, in one run.
// Commands: ours over kept shells, ssh's by `ssh HOST COMMAND` in a shell's loop. Forwards: ours by the control protocol,
// ssh's by `ssh -O forward`; first byte and throughput through both. CPU is of all that took part: this process, its ssh
// processes, sshd and its children. The two sides take turns, because the machine may have others to serve.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type ForwardEnd, openSsh } from '../src/ssh/index.ts';
import { endTree, processTree } from '../test/support/processes.ts';
import { sshOptions } from '../test/support/ssh-options.ts';
import { startSshd, throwAwayUser } from '../test/support/sshd.ts';

const COMMANDS = 1000;
const TURNS = 10;
const FORWARDS = 100;
const CONNECTIONS = 200;
const MIBS = 192;
const BLOCK = Buffer.alloc(1 << 16);

const ends: (() => unknown)[] = [];
const scope = { after: (end: () => unknown) => void ends.unshift(end) } as Parameters<typeof startSshd>[0];
try {
  await measure();
} finally {
  for (const end of ends) await end();
}

async function measure(): Promise<void> {
  const user = process.getuid?.() === 0 ? throwAwayUser(scope).name : undefined;
  const ground = await startSshd(scope, user === undefined ? {} : { user });
  const connection = await openSsh(sshOptions(ground));
  ends.unshift(() => connection.close());
  const control = join(ground.directory, 'theirs');
  const login = [
    ...[
      '-F',
      'none',
      '-S',
      control,
      '-i',
      ground.key,
      '-o',
      'IdentitiesOnly=yes',
      '-o',
      'IdentityAgent=none',
    ],
    ...['-o', `UserKnownHostsFile=${ground.knownHosts}`, '-p', String(ground.target.port), '-l', ground.user],
  ];
  const master = spawn('ssh', [...login, '-M', '-N', '127.0.0.1'], { stdio: 'ignore' });
  ends.unshift(() => endTree(master.pid ?? 0, ground.directory));
  while (!existsSync(control)) await delay(10);

  const both = async (
    name: string,
    count: number,
    ours: (count: number) => Promise<unknown>,
    theirs: (count: number) => Promise<unknown>,
  ) => {
    const total = { ours: { ms: 0, cpu: 0 }, theirs: { ms: 0, cpu: 0 } };
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const [side, act] of [
        ['ours', ours],
        ['theirs', theirs],
      ] as const) {
        const cpu = cpuSince(ground.target.pid);
        const begun = performance.now();
        await act(count / TURNS);
        total[side].ms += performance.now() - begun;
        total[side].cpu += cpu();
      }
    }
    const each = ({ ms, cpu }: { ms: number; cpu: number }) => ({
      ms: round(ms / count),
      cpuMs: round((cpu * 1000) / count),
    });
    const [o, s] = [each(total.ours), each(total.theirs)];
    report({
      case: name,
      count,
      ours: o,
      ssh: s,
      ratio: round(s.ms / o.ms),
      cpuRatio: round(s.cpuMs / o.cpuMs),
    });
  };

  const loop = (words: string) => async (count: number) => {
    const script = `i=0; while [ $i -lt ${count} ]; do ssh "$@" 127.0.0.1 ${words} </dev/null || exit 1; i=$((i+1)); done`;
    await ended('sh', ['-c', script, 'sh', ...login]);
  };
  await connection.run(['true']);
  await loop('true')(20);
  // `true` over there is a builtin of the login shell, as it is of ours.
  await both(
    'command-in-shell',
    COMMANDS,
    async (count) => {
      for (let n = 0; n < count; n += 1) await connection.script('true', []);
    },
    loop('true'),
  );
  await both(
    'program',
    COMMANDS,
    async (count) => {
      for (let n = 0; n < count; n += 1) await connection.run(['/bin/true']);
    },
    loop('/bin/true'),
  );
  await both(
    'programs-4-at-once',
    COMMANDS,
    async (count) => {
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          for (let n = 0; n < count / 4; n += 1) await connection.run(['/bin/true']);
        }),
      );
    },
    (count) => Promise.all(Array.from({ length: 4 }, () => loop('/bin/true')(count / 4))),
  );

  const { end, stop } = await source();
  ends.unshift(stop);
  const port = 'port' in end ? end.port : 0;
  let lastSocket = 0;
  const path = (side: string) => {
    lastSocket += 1;
    return join('/tmp', `latchkey-bench-${process.pid}-${side}-${lastSocket}`);
  };
  for (const prove of [false, true]) {
    await both(
      prove ? 'forward-proven' : 'forward',
      FORWARDS,
      async (count) => {
        for (let n = 0; n < count; n += 1) {
          await connection.forward(
            { kind: 'local', listen: { socketPath: path('o') }, connect: end },
            { prove },
          );
        }
      },
      async (count) => {
        const script = `i=0; while [ $i -lt ${count} ]; do ssh "$@" -O forward -L ${path('t')}-$i:127.0.0.1:${port} 127.0.0.1 || exit 1; i=$((i+1)); done`;
        await ended('sh', ['-c', script, 'sh', ...login]);
      },
    );
  }
  for (const forward of connection.forwards) await forward.close();
  execFileSync('sh', ['-c', `rm -f /tmp/latchkey-bench-${process.pid}-*`]);

  for (const kind of ['local', 'remote'] as const) {
    const ours = await connection.forward({ kind, listen: { port: 0 }, connect: end });
    const flag = kind === 'local' ? '-L' : '-R';
    const free = await freePort();
    execFileSync('ssh', [
      ...login,
      '-O',
      'forward',
      flag,
      `127.0.0.1:${free}:127.0.0.1:${port}`,
      '127.0.0.1',
    ]);
    const sides = { ours: ours.spec.listen, ssh: { port: free } };
    const times: Record<'ours' | 'ssh', number[]> = { ours: [], ssh: [] };
    for (let n = 0; n < CONNECTIONS; n += 1) {
      for (const side of ['ours', 'ssh'] as const) times[side].push(await firstByte(sides[side]));
    }
    const [o, s] = [median(times.ours), median(times.ssh)];
    report({
      case: `first-byte-${kind}`,
      count: CONNECTIONS,
      oursMs: round(o),
      sshMs: round(s),
      ratio: round(s / o),
    });
    for (const direction of ['up', 'down'] as const) {
      const rates: Record<'ours' | 'ssh', number[]> = { ours: [], ssh: [] };
      const cpu: Record<'ours' | 'ssh', number> = { ours: 0, ssh: 0 };
      for (let n = 0; n < 3; n += 1) {
        for (const side of ['ours', 'ssh'] as const) {
          const spent = cpuSince(ground.target.pid);
          rates[side].push(await throughput(sides[side], direction));
          cpu[side] += spent();
        }
      }
      const [a, b] = [median(rates.ours), median(rates.ssh)];
      report({
        case: `throughput-${kind}-${direction}`,
        mib: MIBS,
        oursMBs: round(a),
        sshMBs: round(b),
        ratio: round(a / b),
        cpuRatio: round(cpu.ssh / cpu.ours),
      });
    }
  }
}

/** A server that says `!`, then swallows what it hears; or, when it hears `d`, sends the whole amount and hangs up. */
async function source(): Promise<{ end: ForwardEnd; stop: () => void }> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.write('!');
    socket.once('data', (first) => {
      if (first[0] !== 0x64) return void socket.resume();
      let left = (MIBS << 20) / BLOCK.length;
      const more = () => {
        while (left > 0) {
          left -= 1;
          if (!socket.write(BLOCK)) return void socket.once('drain', more);
        }
        socket.end();
      };
      more();
    });
    socket.on('end', () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    end: { port: address !== null && typeof address === 'object' ? address.port : 0 },
    stop: () => server.close(),
  };
}

function firstByte(end: ForwardEnd): Promise<number> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const socket = open(end);
    socket.once('error', reject);
    socket.once('data', () => {
      const time = performance.now() - begun;
      socket.destroy();
      resolve(time);
    });
  });
}

/** Megabytes a second, until the other side has all of it. */
function throughput(end: ForwardEnd, direction: 'up' | 'down'): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = open(end);
    const begun = performance.now();
    socket.on('error', reject);
    socket.on('data', () => {});
    socket.on('close', () => resolve(((MIBS << 20) / 1e6 / (performance.now() - begun)) * 1000));
    if (direction === 'down') return void socket.write('d');
    socket.write('u');
    let left = (MIBS << 20) / BLOCK.length;
    const more = () => {
      while (left > 0) {
        left -= 1;
        if (!socket.write(BLOCK)) return void socket.once('drain', more);
      }
      socket.end();
    };
    more();
  });
}

function open(end: ForwardEnd) {
  const socket = 'socketPath' in end ? connect(end.socketPath) : connect(end.port, '127.0.0.1');
  socket.setNoDelay(true);
  return socket;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

async function ended(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}

/**
 * CPU seconds of sshd and of all that it and this process started, with what those waited for. The looking itself is not counted:
 * this process's own time is taken on the inner side of it.
 */
function cpuSince(sshd: number): () => number {
  const before = othersCpu(sshd);
  const own = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(own);
    return (user + system) / 1e6 + othersCpu(sshd) - before;
  };
}

function othersCpu(sshd: number): number {
  let ticks = 0;
  for (const pid of [...processTree(process.pid), ...processTree(sshd)]) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // Of this process, only what it has waited for.
      const [first, last] = pid === process.pid ? [13, 15] : [11, 15];
      for (const field of fields.slice(first, last)) ticks += Number(field);
    } catch {}
  }
  return ticks / 100;
}

function report(line: Record<string, unknown>): void {
  console.log(JSON.stringify({ bench: 'ssh', ...line }));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
