// Sides that take turns in one run, because the machine may have others to serve. Who begins changes with each turn: the one that
// comes second may find warm caches, or what the first one left to be done.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { processTree } from '../../test/support/processes.ts';

const TURNS = 10;

/** Does something so many times. */
export type Side = (count: number) => Promise<unknown>;

/** What one time costs, in milliseconds of the clock and of all processors. */
export interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Measures each side over `count` times in all. CPU is that of this process, sshd, and all that both have started. */
export async function inTurns<Name extends string>(
  sshd: number,
  count: number,
  sides: Readonly<Record<Name, Side>>,
): Promise<Record<Name, Cost>> {
  const names = Object.keys(sides) as Name[];
  const total = new Map<Name, { ms: number; cpu: number }>(names.map((name) => [name, { ms: 0, cpu: 0 }]));
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const name of inOrder(names, turn)) {
      const sum = total.get(name) ?? { ms: 0, cpu: 0 };
      const cpu = cpuSince(sshd);
      const begun = performance.now();
      await sides[name](count / TURNS);
      sum.ms += performance.now() - begun;
      sum.cpu += cpu();
    }
  }
  const costs = names.map((name) => {
    const { ms, cpu } = total.get(name) ?? { ms: 0, cpu: 0 };
    return [name, { ms: round(ms / count), cpuMs: round((cpu * 1000) / count) }] as const;
  });
  return Object.fromEntries(costs) as Record<Name, Cost>;
}

/** The names, the other way round in every other turn. */
export function inOrder<Name>(names: readonly Name[], turn: number): readonly Name[] {
  return turn % 2 === 0 ? names : [...names].reverse();
}

/**
 * CPU seconds of sshd and of all that it and this process started, with what those waited for. The looking itself is not counted:
 * this process's own time is taken on the inner side of it.
 */
export function cpuSince(sshd: number): () => number {
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

/** Three digits. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
