import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { latchkeyExecutable } from '../support/our-tools.ts';

/** CPU milliseconds above bare Node that an answer without work may cost. */
const BUDGET_MS = 30;
const RUNS = 9;

/** CPU milliseconds of the cheapest of several runs: the others shared the machine with somebody. */
function cpuOf(argv: readonly string[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run += 1) {
    const { stderr } = spawnSync('bash', ['-c', 'time "$@"', '-', process.execPath, ...argv], {
      env: { ...process.env, TIMEFORMAT: 'cpu %3U %3S' },
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const match = /cpu ([\d.]+) ([\d.]+)/.exec(stderr);
    assert.ok(match, stderr);
    least = Math.min(least, (Number(match[1]) + Number(match[2])) * 1000);
  }
  return least;
}

test(`latchkey --help and --version cost at most ${BUDGET_MS} ms CPU above bare Node`, (t) => {
  const bare = cpuOf(['-e', '0']);
  for (const argv of [['--version'], ['--help'], ['logon', '--help']]) {
    const cost = cpuOf([latchkeyExecutable, ...argv]) - bare;
    t.diagnostic(`latchkey ${argv.join(' ')}: ${cost.toFixed(0)} ms above ${bare.toFixed(0)} ms`);
    assert.ok(cost <= BUDGET_MS, `latchkey ${argv.join(' ')} costs ${cost.toFixed(0)} ms above bare Node`);
  }
});
