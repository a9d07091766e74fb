import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { RunningJob } from '../../test/access-point/starter.ts';

/** What the job found in one of its files. */
export interface Sighting {
  readonly file: string;
  /** `jti`, the token's public name. */
  readonly id: string;
  readonly scope: string;
  readonly secondsLeft: number;
}

/** The job's program: looks into its own `$_CONDOR_CREDS` and says what is new. It never prints a token. */
const PROGRAM = `
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const seen = new Map();
setInterval(() => {
  for (const file of readdirSync(process.env._CONDOR_CREDS)) {
    if (!file.endsWith('.use')) continue;
    const { access_token } = JSON.parse(readFileSync(join(process.env._CONDOR_CREDS, file), 'utf8'));
    if (seen.get(file) === access_token) continue;
    seen.set(file, access_token);
    const { jti, scope, exp } = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url').toString());
    console.log(JSON.stringify({ file, id: jti, scope, secondsLeft: Math.round(exp - Date.now() / 1000) }));
  }
}, 250);
`;

/**
 * Runs the job's program in the sandbox, with nothing in its environment but what a starter gives.
 *
 * @param onSighting called for each token that is new to the job
 */
export function runJobProgram(running: RunningJob, onSighting: (sighting: Sighting) => void): ChildProcess {
  const child = spawn(process.execPath, ['-e', PROGRAM], {
    cwd: running.scratch,
    env: running.environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => onSighting(JSON.parse(line) as Sighting));
  return child;
}
