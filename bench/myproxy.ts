// `npm run bench -- myproxy [SECONDS]`: delegations (GET) and INFO per second, latency, and server CPU per operation,
// ours and the C server in the same run, case by case in turn; memory of our server; `myproxy-logon` wall time.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../src/kit/index.ts';
import { encodeRequest } from '../src/myproxy/index.ts';
import {
  createCertificateRequest,
  formatCertificates,
  generateKeyPair,
  keySigner,
  openPrivateKey,
  parseCertificates,
  sealPrivateKey,
} from '../src/x509/index.ts';
import { type CServer, openConfig, startCServer } from '../test/support/c-server.ts';
import { type Grid, makeGrid } from '../test/support/grid.ts';
import { linkOurTools } from '../test/support/our-tools.ts';
import {
  cpuMilliseconds,
  type Load,
  type LoadResult,
  residentMegabytes,
  round,
  runLoad,
} from './support/load.ts';

const PASS_PHRASE = 'bench pass phrase';
const STORM_USERS = 64;
const CLIENTS = [1, 4, 16, 64];
const durationMs = Number(process.argv[2] ?? 4) * 1000;

const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
const stops: (() => unknown)[] = [];
try {
  await main();
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(directory, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const grid = await makeGrid(directory);
  const tools = linkOurTools(join(directory, 'bin'), ['myproxy-server', 'myproxy-logon']);
  const program = join(tools, 'myproxy-server');
  const start = (ours: boolean) =>
    startCServer({ after: (stop: () => unknown) => stops.push(stop) } as never, grid, {
      config: openConfig(),
      ...(ours ? { program, env: { LATCHKEY_RESEAL: 'never' } } : {}),
    });
  const c = await start(false);
  store(c, grid, 'jane');
  const oursLegacy = await start(true);
  cpSync(c.storage, oursLegacy.storage, { recursive: true });
  const ours = await start(true);
  store(ours, grid, 'jane');
  report({ case: 'memory', server: 'latchkey', idleMB: residentMegabytes(ours.pid) });
  await idleConnections(ours);

  const key = await generateKeyPair();
  const certificateRequest = await createCertificateRequest({ signer: keySigner(key.privateKey) });
  const measure = async (
    server: CServer,
    command: 'GET' | 'INFO',
    clients: number,
    more: Partial<Load> = {},
  ) => {
    const before = cpuMilliseconds(server.pid);
    const result = await runLoad({
      port: server.port,
      clients,
      request: () => requestMessage(command, 'jane'),
      ...(command === 'GET' ? { certificateRequest } : { credential: userCredential(grid) }),
      ...(more.operations === undefined ? { durationMs } : {}),
      ...more,
    });
    return { ...result, cpuMs: round((cpuMilliseconds(server.pid) - before) / result.operations) };
  };

  // A server is measured as it runs for days, not while its code is still being compiled.
  for (const server of [c, oursLegacy, ours]) {
    for (const command of ['GET', 'INFO'] as const) await measure(server, command, 8, { durationMs: 6_000 });
  }
  for (const command of ['GET', 'INFO'] as const) {
    for (const clients of CLIENTS) {
      const peer = await measure(c, command, clients);
      report({ case: command, clients, server: 'c-myproxy', ...peer });
      compare(
        { case: command, clients, server: 'latchkey', key: 'C format' },
        await measure(oursLegacy, command, clients),
        peer,
      );
      compare(
        { case: command, clients, server: 'latchkey', key: 'default sealing' },
        await measure(ours, command, clients),
        peer,
      );
    }
  }
  await storm(grid, ours);
  report({
    case: `GET, a storm of ${STORM_USERS} different users`,
    clients: 16,
    server: 'latchkey',
    key: 'default sealing',
    ...(await measure(ours, 'GET', 16, {
      operations: STORM_USERS,
      request: (n) => requestMessage('GET', `storm${n}`),
    })),
  });
  report({ case: 'memory', server: 'latchkey', afterLoadMB: residentMegabytes(ours.pid) });
  logonWallTime(c, ours, join(tools, 'myproxy-logon'));
}

function requestMessage(command: 'GET' | 'INFO', username: string): Buffer {
  return encodeRequest({
    command,
    username,
    passPhrase: new Secret(PASS_PHRASE),
    lifetimeSeconds: command === 'GET' ? 43_200 : 0,
    wantTrustRoots: false,
    voNames: [],
    vomses: [],
  });
}

function userCredential(grid: Grid): { cert: string; key: string } {
  return { cert: readFileSync(grid.user.certificate, 'utf8'), key: readFileSync(grid.user.key, 'utf8') };
}

/** Stores a week-long credential with the C tool. */
function store(server: CServer, grid: Grid, username: string): void {
  const args = ['-S', '-a', '-l', username, '-C', grid.user.certificate, '-y', grid.user.key];
  execFileSync('myproxy-init', args, {
    input: `${PASS_PHRASE}\n`,
    env: server.env,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

/** Files of many users, each key sealed under its own salt, beside Jane's. */
async function storm(grid: Grid, server: CServer): Promise<void> {
  const key = await openPrivateKey(readFileSync(grid.user.key, 'utf8'));
  const certificate = formatCertificates(parseCertificates(readFileSync(grid.user.certificate, 'utf8')));
  for (let n = 0; n < STORM_USERS; n += 1) {
    const sealed = await sealPrivateKey(key, new Secret(PASS_PHRASE));
    writeFileSync(join(server.storage, `storm${n}.creds`), certificate + sealed, { mode: 0o600 });
    const data = `OWNER=${grid.user.dn}\nLIFETIME=43200\nRETRIEVERS=*\nUSERNAME=storm${n}\nEND_OPTIONS\n`;
    writeFileSync(join(server.storage, `storm${n}.data`), data, { mode: 0o600 });
  }
}

/** What a thousand connections that say nothing cost the server. */
async function idleConnections(server: CServer): Promise<void> {
  const before = residentMegabytes(server.pid);
  const sockets = await Promise.all(
    Array.from({ length: 1000 }, async () => {
      const socket = net.connect(server.port, '127.0.0.1');
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      return socket;
    }),
  );
  const during = residentMegabytes(server.pid);
  for (const socket of sockets) socket.destroy();
  report({ case: 'memory, 1000 idle connections', server: 'latchkey', moreMB: round(during - before) });
}

/** Whole processes, in turn; what a user waits for, Node's start-up included. */
function logonWallTime(c: CServer, ours: CServer, tool: string): void {
  const times: Record<string, number[]> = { 'c-myproxy': [], latchkey: [] };
  const out = join(directory, 'logon.pem');
  mkdirSync(directory, { recursive: true });
  for (let run = 0; run < 21; run += 1) {
    for (const [name, program] of [
      ['c-myproxy', 'myproxy-logon'],
      ['latchkey', tool],
    ] as const) {
      // Both ask the same (our) server, so that only the tools differ.
      const begin = performance.now();
      const logon = spawnSync(program, ['-S', '-l', 'jane', '-o', out], {
        input: `${PASS_PHRASE}\n`,
        env: ours.env,
      });
      if (logon.status !== 0) throw new Error(logon.stderr.toString());
      if (run > 0) times[name]?.push(performance.now() - begin);
    }
  }
  const median = (values: number[] = []) =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  const mine = median(times.latchkey);
  const theirs = median(times['c-myproxy']);
  report({
    case: 'myproxy-logon wall time',
    latchkeyMs: round(mine),
    cMs: round(theirs),
    ratio: round(mine / theirs),
    serverPort: c.port > 0,
  });
}

type Measured = LoadResult & { readonly cpuMs: number };

function compare(labels: Record<string, unknown>, mine: Measured, peer: Measured): void {
  report({
    ...labels,
    ...mine,
    cpuRatio: round(mine.cpuMs / peer.cpuMs),
    p50Ratio: round(mine.p50Ms / peer.p50Ms),
  });
}

function report(line: Record<string, unknown>): void {
  console.log(JSON.stringify({ bench: 'myproxy', ...line }));
}
