// `npm run bench -- jobs`: 200 jobs submitted through a service against plain `sbatch` in a loop on one Slurm of our own; the
// status of 1,000 jobs in one query, and the memory of a process that follows them. The 1,000 are held: nothing of it is
// the scheduler's own speed of running them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Service } from '../src/jobs/index.ts';
import { openLocal, type Transport } from '../src/ssh/index.ts';
import { startSlurm } from '../test/support/slurm.ts';
import { residentMegabytes } from './support/load.ts';

const SUBMISSIONS = 200;
const FOLLOWED = 1_000;
const AT_ONCE = 4;

const endings: (() => unknown)[] = [];
const t = { after: (end: () => unknown) => void endings.push(end) };
const base = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
try {
  await main();
} finally {
  for (const end of endings.reverse()) await end();
  rmSync(base, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const cluster = await startSlurm(t as Parameters<typeof startSlurm>[0], { maxJobs: 5_000 });
  const counted = countingTransport({ ...process.env, ...cluster.env });
  const session = { connect: async () => counted.transport };
  const root = join(base, 'jobs');
  const service = new Service('slurm+ssh://here', {
    session,
    sandboxRoot: root,
    poll: { leastMs: 60_000, mostMs: 60_000 },
  });
  endings.push(() => service.close());
  const description = { executable: 'true', directives: ['--hold'] };
  const script = join(base, 'plain.sh');
  writeFileSync(script, '#!/bin/sh\n#SBATCH --hold\n#SBATCH --output=/dev/null\ntrue\n');
  await service.run(description);
  await counted.transport.run(['sbatch', '--parsable', script]);

  const loop = `i=0; while [ $i -lt ${SUBMISSIONS} ]; do sbatch --parsable ${script} > /dev/null || exit 1; i=$((i + 1)); done`;
  const plainMs = await timed(() => counted.transport.script(loop, [], { timeoutMs: 600_000 }));
  const oneByOneMs = await timed(async () => {
    for (let n = 0; n < SUBMISSIONS; n += 1) await service.run(description);
  });
  const togetherMs = await timed(() => many(SUBMISSIONS, () => service.run(description)));
  print('submit', {
    jobs: SUBMISSIONS,
    plainMs,
    oneByOneMs,
    togetherMs,
    togetherByPlain: togetherMs / plainMs,
  });

  await many(FOLLOWED - 2 * SUBMISSIONS - 2, () => service.run(description));
  const job = await service.run(description);
  counted.commands = 0;
  const askMs = await timed(() => job.refresh());
  globalThis.gc?.();
  print('status', { jobs: FOLLOWED, commands: counted.commands, askMs, state: job.state });
  print('memory', { followed: FOLLOWED, residentMegabytes: residentMegabytes(process.pid) });
}

function countingTransport(env: NodeJS.ProcessEnv): { readonly transport: Transport; commands: number } {
  const transport = openLocal({ env });
  const counted = {
    commands: 0,
    transport: {
      ...transport,
      run: (...given: Parameters<Transport['run']>) => {
        counted.commands += 1;
        return transport.run(...given);
      },
      script: (...given: Parameters<Transport['script']>) => {
        counted.commands += 1;
        return transport.script(...given);
      },
    },
  };
  return counted;
}

async function many(count: number, act: () => Promise<unknown>): Promise<void> {
  let left = count;
  const worker = async () => {
    for (; left > 0; ) {
      left -= 1;
      await act();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

function print(name: string, figures: Readonly<Record<string, unknown>>): void {
  const round = (value: unknown) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value);
  const rounded = Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, round(value)]));
  console.log(JSON.stringify({ bench: 'jobs', case: name, ...rounded }));
}
