// `npm run bench -- credmon [CASE] [SECONDS] [DIRECTORY]`: a credential monitor over 10,000 users with 3 tokens each: first
// answers, start-up scan, memory, CPU while nothing is due and while 1,200 s tokens are renewed as on any day, and
// SIGHUP to `.use`; beside it a serial rescan as HTCondor's own monitor does it (support/serial-rescan.py: a stand-in
// of ours). Steady CPU is measured over SECONDS (default 180) and scaled to an hour. CASE (first, idle, busy, wake, rescan)
// runs one part alone; the whole takes eleven minutes.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateSigningKey } from '../src/tokens/index.ts';
import { linkOurTools } from '../test/support/our-tools.ts';
import { findProgram } from '../test/support/peers.ts';
import { makeRequests, makeTokens, type Population } from './support/credential-population.ts';
import { cpuMilliseconds, residentMegabytes, round } from './support/load.ts';
import { measureWakes } from './support/wake-latency.ts';

const USERS = 10_000;
const PROVIDERS = ['alpha', 'beta', 'gamma'];
const TOTAL = USERS * PROVIDERS.length;
const LIFETIME_SECONDS = 1_200;
/** Ours renews such a token at this age at the latest: docs/keeper.md. */
const OLDEST_SECONDS = 720;
const WAKES = 1_000;
const SETTLE_MS = 75_000;

const CASES = ['first', 'idle', 'busy', 'wake', 'rescan'];
const args = process.argv.slice(2);
const only = CASES.includes(args[0] ?? '') ? args.shift() : undefined;
const seconds = Number(args[0] ?? 180);
if (!(seconds > 0))
  throw new Error(`usage: npm run bench -- credmon [${CASES.join('|')}] [SECONDS] [DIRECTORY]`);
const base = mkdtempSync(join(args[1] ?? tmpdir(), 'latchkey-bench-'));
const children = new Set<ChildProcess>();
try {
  await main();
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(base, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const population: Population = { directory: join(base, 'credentials'), users: USERS, providers: PROVIDERS };
  const keyFile = join(base, 'key.pem');
  const privateKey = await generateSigningKey('ES256');
  writeFileSync(keyFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  makeRequests(population);

  const isAsked = (name: string): boolean => only === undefined || only === name;
  const ours = ourMonitor(population, keyFile);
  if (isAsked('first')) await firstStart(ours);
  if (isAsked('idle')) {
    await makeTokens(population, { lifetimeSeconds: LIFETIME_SECONDS, oldestSeconds: 300, privateKey });
    await nothingDue(ours);
  }
  if (isAsked('busy') || isAsked('wake')) {
    await makeTokens(population, {
      lifetimeSeconds: LIFETIME_SECONDS,
      oldestSeconds: OLDEST_SECONDS,
      privateKey,
    });
    const started = await start(ours);
    await sleep(SETTLE_MS);
    if (isAsked('busy')) await renewedInTurn(started, population);
    if (isAsked('wake')) await wakes('latchkey', started, population, WAKES);
    report({ case: 'memory at the end', server: 'latchkey', rssMB: residentMegabytes(started.pid) });
    await end(started);
  }
  if (isAsked('rescan')) {
    await makeTokens(population, { lifetimeSeconds: LIFETIME_SECONDS, oldestSeconds: 0, privateKey });
    await serialRescan(standIn(population, keyFile));
  }
}

async function firstStart(monitor: Program): Promise<void> {
  const started = await start(monitor);
  report({
    case: 'first start: every token is made',
    server: 'latchkey',
    ...started.whenAll,
    perSecond: round(TOTAL / (started.whenAll.ms / 1000)),
    rssMB: residentMegabytes(started.pid),
  });
  await end(started);
}

async function nothingDue(monitor: Program): Promise<void> {
  const started = await start(monitor);
  report({
    case: 'start with every token there',
    server: 'latchkey',
    ...started.whenComplete,
    rssMB: residentMegabytes(started.pid),
  });
  // Past the collection of garbage that the start has left, and the first pass; nothing comes due before 648 s.
  await sleep(SETTLE_MS);
  report({
    case: 'nothing due',
    server: 'latchkey',
    ...(await steady(started.pid, Math.min(seconds, 120))),
    rssMB: residentMegabytes(started.pid),
  });
  await end(started);
}

async function renewedInTurn({ pid }: Started, population: Population): Promise<void> {
  const before = Date.now();
  const busy = await steady(pid, seconds);
  const renewed = renewedSince(population, before);
  report({
    case: `tokens of ${LIFETIME_SECONDS} s renewed in their turn`,
    server: 'latchkey',
    ...busy,
    renewedPerSecond: round(renewed / busy.measuredSeconds),
    cpuMsPerRenewal: round((busy.cpuPercent * 10 * busy.measuredSeconds) / Math.max(renewed, 1)),
    rssMB: residentMegabytes(pid),
  });
}

async function wakes(
  server: string,
  { pid }: Started,
  population: Population,
  requests: number,
): Promise<void> {
  const latency = await measureWakes(pid, population, requests);
  report({ case: 'SIGHUP to .use', server, present: TOTAL, ...latency });
}

async function serialRescan(program: Program): Promise<void> {
  const server = 'serial rescan (stand-in)';
  const peer = await start(program);
  report({
    case: 'start with every token there',
    server,
    ...peer.whenComplete,
    rssMB: residentMegabytes(peer.pid),
  });
  report({
    case: 'nothing due',
    server,
    ...(await steady(peer.pid, Math.min(seconds, 120))),
    rssMB: residentMegabytes(peer.pid),
  });
  await wakes(server, peer, program.population, 50);
  await end(peer);
}

interface Program {
  readonly population: Population;
  run(): ChildProcess;
}

function ourMonitor(population: Population, keyFile: string): Program {
  const config = join(base, 'condor_config');
  const lines = [
    `SEC_CREDENTIAL_DIRECTORY_OAUTH = ${population.directory}`,
    `LOCAL_CREDMON_PROVIDER_NAMES = ${PROVIDERS.join(' ')}`,
    `LOCAL_CREDMON_PRIVATE_KEY = ${keyFile}`,
    'LOCAL_CREDMON_ISSUER = https://ap.example',
    'LOCAL_CREDMON_TOKEN_AUDIENCE = https://data.example',
    `LOCAL_CREDMON_TOKEN_LIFETIME = ${LIFETIME_SECONDS}`,
    `LOCAL_CREDMON_PUBLIC_KEY = ${join(base, 'public.pem')}`,
    `LATCHKEY_CREDMON_STATE = ${join(base, 'state')}`,
    `CREDMON_OAUTH_LOG = ${join(base, 'log')}`,
    `LOG = ${base}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  mkdirSync(join(base, 'state'), { mode: 0o700 });
  const tools = linkOurTools(join(base, 'bin'), ['condor_credmon_oauth']);
  return {
    population,
    run: () =>
      spawn(process.execPath, [join(tools, 'condor_credmon_oauth')], {
        env: { PATH: '/usr/bin:/bin', CONDOR_CONFIG: config },
        stdio: ['ignore', 'ignore', 'inherit'],
        argv0: 'condor_credmon_oauth',
      }),
  };
}

function standIn(population: Population, keyFile: string): Program {
  const script = join(import.meta.dirname, '..', 'bench', 'support', 'serial-rescan.py');
  const python = findProgram('python3') ?? 'python3';
  return {
    population,
    run: () =>
      spawn(
        existsSync('/usr/bin/python3') ? '/usr/bin/python3' : python,
        [script, population.directory, keyFile, String(LIFETIME_SECONDS), ...PROVIDERS],
        {
          stdio: ['ignore', 'ignore', 'inherit'],
        },
      ),
  };
}

interface Started {
  readonly pid: number;
  readonly child: ChildProcess;
  /** From start to CREDMON_COMPLETE. */
  readonly whenComplete: { readonly ms: number; readonly cpuMs: number };
  /** From start until every token is there. */
  readonly whenAll: { readonly ms: number; readonly cpuMs: number };
}

async function start({ population, run }: Program): Promise<Started> {
  const complete = join(population.directory, 'CREDMON_COMPLETE');
  rmSync(complete, { force: true });
  const began = performance.now();
  const child = run();
  children.add(child);
  const { pid } = child;
  if (pid === undefined) throw new Error('the monitor does not start');
  const taken = (): { ms: number; cpuMs: number } => ({
    ms: Math.round(performance.now() - began),
    cpuMs: cpuMilliseconds(pid),
  });
  await until(() => existsSync(complete), child);
  const whenComplete = taken();
  let next = 0;
  await until(() => {
    while (next < USERS && PROVIDERS.every((provider) => existsSync(usePath(population, next, provider))))
      next += 1;
    return next === USERS;
  }, child);
  return { pid, child, whenComplete, whenAll: taken() };
}

async function end({ child }: Started): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
  children.delete(child);
}

async function until(look: () => boolean, child: ChildProcess): Promise<void> {
  const limit = performance.now() + 300_000;
  while (!look()) {
    if (child.exitCode !== null) throw new Error(`the monitor ended with status ${child.exitCode}`);
    if (performance.now() > limit) throw new Error('the monitor does not get ready within 300 s');
    await sleep(5);
  }
}

async function steady(
  pid: number,
  measured: number,
): Promise<{ measuredSeconds: number; cpuPercent: number; cpuSecondsPerHour: number }> {
  const before = cpuMilliseconds(pid);
  const began = performance.now();
  await sleep(measured * 1000);
  const wall = (performance.now() - began) / 1000;
  const cpu = (cpuMilliseconds(pid) - before) / 1000;
  return {
    measuredSeconds: round(wall),
    cpuPercent: round((100 * cpu) / wall),
    cpuSecondsPerHour: round((3600 * cpu) / wall),
  };
}

function renewedSince(population: Population, since: number): number {
  let renewed = 0;
  for (let n = 0; n < USERS; n += 1)
    for (const provider of PROVIDERS)
      if (statSync(usePath(population, n, provider)).mtimeMs >= since) renewed += 1;
  return renewed;
}

function usePath({ directory }: Population, n: number, provider: string): string {
  return join(directory, `user${String(n).padStart(5, '0')}`, `${provider}.use`);
}

function report(line: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify({ bench: 'credmon', ...line }));
}
