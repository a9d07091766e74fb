// `npm run bench -- sftp`: files over the same sftp-server, ours and OpenSSH's own `sftp` in turn, in memory (/dev/shm), so that
// the protocol is measured and not a disk; the best of the runs, because the others shared the machine with somebody.
// Then both over a real sshd. Ours is measured as it is used (temporary name, fsync, rename), once without and once with SHA-256 of both sides compared.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openSftp, openSsh, type SftpFiles } from '../src/ssh/index.ts';
import { sshOptions } from '../test/support/ssh-options.ts';
import { startSshd } from '../test/support/sshd.ts';
import { inOrder } from './support/turns.ts';

const SERVER = '/usr/lib/openssh/sftp-server';
const RUNS = 7;
const BYTES = 100_000_000;
const SMALL_FILES = 300;
const AT_ONCE = 16;

const run = promisify(execFile);
const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'latchkey-bench-'));

async function checksum(path: string, bytes?: number): Promise<string> {
  const script = bytes === undefined ? 'sha256sum <"$1"' : 'head -c "$2" <"$1" | sha256sum';
  const { stdout } = await run('/bin/sh', ['-c', script, 'sh', path, String(bytes)]);
  return stdout.slice(0, 64);
}

/** Ours, from the start of the server to its end. */
async function ours(verify: boolean, act: (files: SftpFiles) => Promise<void>): Promise<void> {
  const child = spawn(SERVER, [], { stdio: ['pipe', 'pipe', 'ignore'], cwd: base });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const files = await openSftp(child, verify ? { checksum } : {});
  await act(files);
  files.close();
  await ended;
}

/** OpenSSH's `sftp`, talking to the same server without ssh between them. */
async function theirs(...lines: string[]): Promise<void> {
  const batch = join(base, 'batch');
  writeFileSync(batch, `${lines.join('\n')}\n`);
  await run('sftp', ['-q', '-b', batch, '-D', SERVER], { maxBuffer: 1 << 26 });
}

/** The same over a real sshd on loopback, each on a connection of its own that stands already. */
async function overSsh(source: string, there: string, here: string): Promise<void> {
  const ends: (() => unknown)[] = [];
  const ground = await startSshd({ after: (end) => void ends.unshift(end as () => unknown) });
  const connection = await openSsh(sshOptions(ground));
  const socket = join(ground.directory, 'm');
  const { host, port } = ground.target;
  const settings = [
    ...[`UserKnownHostsFile=${ground.knownHosts}`, `IdentityFile=${ground.key}`, 'IdentitiesOnly=yes'],
    ...[`Port=${port}`, `User=${ground.user}`, `ControlPath=${socket}`, 'BatchMode=yes'],
  ].flatMap((setting) => ['-o', setting]);
  const master = spawn('ssh', ['-F', 'none', ...settings, '-M', '-N', host], { stdio: 'ignore' });
  for (let n = 0; n < 200 && !existsSync(socket); n += 1) await delay(25);
  const batch = join(base, 'batch');
  const sftp = async (line: string) => {
    writeFileSync(batch, `${line}\n`);
    await run('sftp', ['-q', '-F', 'none', ...settings, '-b', batch, host]);
  };
  try {
    const put = await best({
      ours: () => connection.files.put(source, there, { verify: false }),
      oursCompared: () => connection.files.put(source, there),
      sftp: () => sftp(`put ${source} ${there}`),
    });
    report('put 100 MB over sshd', put, BYTES / 1e6, 'MB/s');
    const get = await best({
      ours: () => connection.files.get(there, here, { verify: false }),
      oursCompared: () => connection.files.get(there, here),
      sftp: () => sftp(`get ${there} ${here}`),
    });
    report('get 100 MB over sshd', get, BYTES / 1e6, 'MB/s');
  } finally {
    await connection.close();
    master.kill();
    for (const end of ends) await end();
  }
}

/** Does something for each, so many at once. */
async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function seconds(act: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await act();
  return (performance.now() - started) / 1000;
}

/** Runs the ways in turn, each time in the other order, and keeps the best of each. */
async function best<Name extends string>(
  ways: Readonly<Record<Name, () => Promise<void>>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(ways) as Name[];
  const result = Object.fromEntries(names.map((name) => [name, Number.POSITIVE_INFINITY])) as Record<
    Name,
    number
  >;
  for (let n = 0; n < RUNS; n += 1)
    for (const name of inOrder(names, n)) result[name] = Math.min(result[name], await seconds(ways[name]));
  return result;
}

function report(name: string, times: Readonly<Record<string, number>>, amount: number, unit: string): void {
  const rates = Object.fromEntries(
    Object.entries(times).map(([key, time]) => [key, Math.round(amount / time)]),
  );
  const ratio = Math.round((100 * (rates.ours ?? 0)) / (rates.sftp ?? 1)) / 100;
  console.log(JSON.stringify({ bench: 'sftp', case: name, unit, ...rates, oursOfSftp: ratio }));
}

try {
  const [source, there, here] = ['source', 'there', 'here'].map((name) => join(base, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(source, Buffer.alloc(BYTES, readFileSync(process.execPath).subarray(0, 1 << 20)));
  const put = await best({
    ours: () => ours(false, (files) => files.put(source, there)),
    oursCompared: () => ours(true, (files) => files.put(source, there)),
    sftp: () => theirs(`put ${source} ${there}`),
  });
  report('put 100 MB', put, BYTES / 1e6, 'MB/s');
  const get = await best({
    ours: () => ours(false, (files) => files.get(there, here)),
    oursCompared: () => ours(true, (files) => files.get(there, here)),
    sftp: () => theirs(`get ${there} ${here}`),
  });
  report('get 100 MB', get, BYTES / 1e6, 'MB/s');
  const small = Array.from({ length: SMALL_FILES }, (_, n) => join(base, 'small', String(n)));
  mkdirSync(join(base, 'small'));
  mkdirSync(join(base, 'copies'));
  for (const path of small) writeFileSync(path, 'x'.repeat(1000));
  const copyOf = (path: string) => path.replace('/small/', '/copies/');
  const backOf = (path: string) => path.replace('/small/', '/back/');
  mkdirSync(join(base, 'back'));
  // OpenSSH's makes nothing durable and renames nothing; it goes on with the next file when the last one is answered.
  const copies = {
    put: (files: SftpFiles, path: string) => files.put(path, copyOf(path)),
    get: (files: SftpFiles, path: string) => files.get(copyOf(path), backOf(path)),
  };
  const lines = {
    put: (path: string) => `put ${path} ${copyOf(path)}`,
    get: (path: string) => `get ${copyOf(path)} ${backOf(path)}`,
  };
  for (const way of ['put', 'get'] as const) {
    const many = await best({
      ours: () => ours(false, (files) => eachOf(small, AT_ONCE, (path) => copies[way](files, path))),
      oursOneByOne: () => ours(false, (files) => eachOf(small, 1, (path) => copies[way](files, path))),
      sftp: () => theirs(...small.map(lines[way])),
    });
    report(`${way} ${SMALL_FILES} files of 1 kB, ${AT_ONCE} at once`, many, SMALL_FILES, 'files/s');
  }
  await overSsh(source, there, here);
} finally {
  rmSync(base, { recursive: true, force: true });
}
