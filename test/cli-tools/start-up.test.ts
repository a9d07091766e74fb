import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { linkOurTools } from '../support/our-tools.ts';
import { workspace } from '../support/workspace.ts';

/** CPU milliseconds above bare Node that --help and --version may cost. */
const BUDGET_MS = 30;
const RUNS = 9;

/** CPU milliseconds of the cheapest of several runs: the others shared the machine with somebody. */
function cpuOf(argv: readonly string[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run += 1) {
    const measured = spawnSync('/usr/bin/env', ['bash', '-c', 'time "$@"', '-', ...argv], {
      env: { ...process.env, TIMEFORMAT: 'cpu %3U %3S' },
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const match = /cpu ([\d.]+) ([\d.]+)/.exec(measured.stderr);
    assert.ok(match, measured.stderr);
    least = Math.min(least, (Number(match[1]) + Number(match[2])) * 1000);
  }
  return least;
}

test(`help and version cost at most ${BUDGET_MS} ms CPU above bare Node`, (t) => {
  const bin = linkOurTools(workspace(t), [
    'myproxy-logon',
    'myproxy-init',
    'grid-proxy-init',
    'myproxy-server',
  ]);
  const bare = cpuOf([process.execPath, '-e', '0']);
  const cases = [
    ['myproxy-logon', '--help'],
    ['myproxy-init', '--version'],
    ['myproxy-server', '-V'],
    ['grid-proxy-init', '-help'],
  ];
  for (const [tool = '', ...argv] of cases) {
    const cost = cpuOf([process.execPath, join(bin, tool), ...argv]) - bare;
    t.diagnostic(`${tool} ${argv.join(' ')}: ${cost.toFixed(0)} ms above ${bare.toFixed(0)} ms`);
    assert.ok(cost <= BUDGET_MS, `${tool} ${argv.join(' ')} costs ${cost.toFixed(0)} ms above bare Node`);
  }
});
