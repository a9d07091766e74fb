import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Population } from './credential-population.ts';
import { userName } from './credential-population.ts';
import { round } from './load.ts';

/** Longest wait for one answer: credd's own patience. */
const PATIENCE_MS = 20_000;

/** What {@link measureWakes} has seen. */
export interface WakeLatency {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * Does what credd does for a request: `.top.tmp`, rename, SIGHUP, and waits for `.use`; one after the other, for new users and
 * for new handles of known users in turn. The clock runs from the signal. The answer is looked for every half millisecond or so.
 */
export async function measureWakes(
  pid: number,
  population: Population,
  requests: number,
): Promise<WakeLatency> {
  const [provider = ''] = population.providers;
  const latencies: number[] = [];
  for (let n = 0; n < requests; n += 1) {
    const isNew = n % 2 === 0;
    const user = isNew ? `late${String(process.hrtime.bigint())}` : userName((n * 7919) % population.users);
    const stem = isNew ? provider : `${provider}_h${process.hrtime.bigint()}`;
    const path = join(population.directory, user);
    if (isNew) mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(path, `${stem}.top.tmp`), `${user}@foo`, { mode: 0o600 });
    renameSync(join(path, `${stem}.top.tmp`), join(path, `${stem}.top`));
    const began = performance.now();
    process.kill(pid, 'SIGHUP');
    while (!existsSync(join(path, `${stem}.use`))) {
      if (performance.now() - began > PATIENCE_MS)
        throw new Error(`no answer for ${user}/${stem} within 20 s`);
      await sleep(0);
    }
    latencies.push(performance.now() - began);
    await sleep(5);
  }
  latencies.sort((one, other) => one - other);
  const at = (part: number): number =>
    round(latencies[Math.min(latencies.length - 1, Math.ceil(part * latencies.length) - 1)] ?? Number.NaN);
  return { requests, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
