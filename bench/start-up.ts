// `npm run bench -- start-up`: what a tool costs before it does anything: CPU milliseconds of whole processes, above
// bare Node, the two in turn; the cheapest of the runs, because the others shared the machine with somebody.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { latchkeyExecutable, linkOurTools } from '../test/support/our-tools.ts';

const RUNS = 15;
const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
const tools = linkOurTools(directory, ['myproxy-logon', 'myproxy-init', 'grid-proxy-init', 'myproxy-server']);

const cases: readonly (readonly string[])[] = [
  [latchkeyExecutable, '--version'],
  [latchkeyExecutable, '--help'],
  [latchkeyExecutable, 'logon', '--help'],
  [join(tools, 'myproxy-logon'), '--help'],
  [join(tools, 'myproxy-init'), '--version'],
  [join(tools, 'grid-proxy-init'), '-help'],
  [join(tools, 'myproxy-server'), '-V'],
];
try {
  for (const argv of cases) {
    let [ours, bare] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let run = 0; run < RUNS; run += 1) {
      bare = Math.min(bare, cpuOf(['-e', '0']));
      ours = Math.min(ours, cpuOf(argv));
    }
    const name = [argv[0]?.slice(argv[0].lastIndexOf('/') + 1), ...argv.slice(1)].join(' ');
    console.log(
      JSON.stringify({
        bench: 'start-up',
        case: name,
        cpuMs: ours,
        bareNodeCpuMs: bare,
        moreMs: ours - bare,
      }),
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function cpuOf(argv: readonly string[]): number {
  const { stderr } = spawnSync('bash', ['-c', 'time "$@"', '-', process.execPath, ...argv], {
    env: { ...process.env, TIMEFORMAT: 'cpu %3U %3S' },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const match = /cpu ([\d.]+) ([\d.]+)/.exec(stderr);
  if (match === null) throw new Error(stderr);
  return Math.round((Number(match[1]) + Number(match[2])) * 1000);
}
