// `npm run bench -- voms`: reading and verifying the attributes of a proxy in a process that lives long, and what
// voms-proxy-info costs as a whole process, beside the C++ tool in the same run (when it is installed).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import {
  attributeCertificatesOf,
  loadVomsDirectory,
  validateAttributeCertificates,
} from '../src/voms/index.ts';
import { loadTrustDirectory, parseCertificates } from '../src/x509/index.ts';
import { linkOurTools } from '../test/support/our-tools.ts';
import { findProgram } from '../test/support/peers.ts';
import { makeVomsLab } from '../test/support/voms-lab.ts';

const COUNT = 10_000;
const RUNS = 25;
const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
try {
  const lab = await makeVomsLab(directory);
  const proxy = await lab.dressed('proxy', [await lab.attributes()]);
  const pem = readFileSync(proxy, 'utf8');
  const trust = await loadTrustDirectory(lab.grid.trustDirectory);
  const vomsDirectory = await loadVomsDirectory(lab.vomsDirectory);
  const chain = parseCertificates(pem);
  perSecond('read', () => attributeCertificatesOf(chain));
  perSecond('read and verify', () => {
    const [report] = validateAttributeCertificates(chain, { trust, vomsDirectory, now: new Date() });
    if (report?.ok !== true) throw new Error('refused');
  });
  perSecond('the whole proxy from PEM, read and verify', () => {
    const certificates = parseCertificates(pem);
    const [report] = validateAttributeCertificates(certificates, { trust, vomsDirectory, now: new Date() });
    if (report?.ok !== true) throw new Error('refused');
  });
  processes(proxy, lab.env);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Turns a second, by the CPU time of this process and by the clock. */
function perSecond(name: string, turn: () => unknown): void {
  for (let i = 0; i < COUNT / 10; i += 1) turn();
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < COUNT; i += 1) turn();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({
      bench: 'voms',
      case: name,
      perSecond: Math.round(COUNT / seconds),
      perCpuSecond: Math.round(COUNT / ((user + system) / 1_000_000)),
    }),
  );
}

/** The cheapest of the runs, ours and theirs in turn, because the others shared the machine with somebody. */
function processes(proxy: string, env: NodeJS.ProcessEnv): void {
  const ours = join(linkOurTools(join(directory, 'bin'), ['voms-proxy-info']), 'voms-proxy-info');
  const theirs = findProgram('voms-proxy-info2');
  const args = ['-file', proxy, '-all'];
  const programs = { ours: [process.execPath, ours, ...args], bareNode: [process.execPath, '-e', '0'] };
  const all = Object.entries({ ...programs, ...(theirs === undefined ? {} : { C: [theirs, ...args] }) });
  const best = new Map<string, { wallMs: number; cpuMs: number }>();
  for (let run = 0; run < RUNS; run += 1) {
    for (const [name, argv] of all) {
      const { wallMs, cpuMs } = measure(argv, env);
      const before = best.get(name) ?? { wallMs: Number.POSITIVE_INFINITY, cpuMs: Number.POSITIVE_INFINITY };
      best.set(name, { wallMs: Math.min(before.wallMs, wallMs), cpuMs: Math.min(before.cpuMs, cpuMs) });
    }
  }
  for (const [name, cost] of best)
    console.log(JSON.stringify({ bench: 'voms', case: `voms-proxy-info -all: ${name}`, ...cost }));
}

function measure(argv: readonly string[], env: NodeJS.ProcessEnv): { wallMs: number; cpuMs: number } {
  const { stderr, status } = spawnSync('bash', ['-c', 'time "$@"', '-', ...argv], {
    env: { ...env, TIMEFORMAT: 'took %3R %3U %3S' },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const match = /took ([\d.]+) ([\d.]+) ([\d.]+)/.exec(stderr);
  if (match === null || status !== 0) throw new Error(stderr);
  const [wall = 0, user = 0, system = 0] = match.slice(1).map(Number);
  return { wallMs: Math.round(wall * 1000), cpuMs: Math.round((user + system) * 1000) };
}
