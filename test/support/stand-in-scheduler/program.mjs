// A stand-in for a scheduler: `node program.mjs DIRECTORY TOOL ARGUMENTS…`, with its state in the directory. It is no
// scheduler: it shows that our words and its documented answers fit together.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { condorTools } from './condor.mjs';
import { lsfTools } from './lsf.mjs';
import { withMachine } from './machine.mjs';
import { pbsTool } from './pbs.mjs';

const [directory, tool, ...args] = process.argv.slice(2);
const kind = readFileSync(join(directory, 'kind'), 'utf8');
const TOOLS = { pbspro: pbsTool('pbspro'), torque: pbsTool('torque'), lsf: lsfTools, condor: condorTools };
const DOWN = {
  pbspro: ['Connection refused\nqstat: cannot connect to server pbs.example (errno=111)\n', 255],
  torque: ['Connection refused\nqstat: cannot connect to server pbs.example (errno=111)\n', 255],
  lsf: ['LSF is down. Please wait ...\n', 255],
  condor: ['\n-- Failed to fetch ads from: <127.0.0.1:9618?addrs=127.0.0.1-9618> : vm\n', 1],
};

if (existsSync(join(directory, 'down'))) {
  const [stderr, exitCode] = DOWN[kind];
  process.stderr.write(stderr);
  process.exitCode = exitCode;
} else {
  const {
    stdout = '',
    stderr = '',
    exitCode = 0,
  } = withMachine(directory, (machine) => TOOLS[kind][tool](machine, args));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}
