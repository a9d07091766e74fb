import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { havePeers } from './peers.ts';
import { isAlive } from './processes.ts';
import { repositoryRoot, workspace } from './workspace.ts';

/** The two hosts of the thermo-mechanical example, as hosts.sh names them. */
export type CoupledHost = 'thermal' | 'mechanical';

/** A run of the thermo-mechanical example that is under way. */
export interface CoupledRun {
  readonly child: ChildProcess;
  /** Its private directory: in the command line of all that belongs to it. */
  readonly lab: string;
  /** Where its temporary files are. */
  readonly temporary: string;
  said(): string;
  printed(): string;
}

/** Of step `at` of the run the fault happens; there are enough steps behind it for something to be under way. */
const STEPS = { at: 3, all: 60 };

/** Network namespaces with an sshd each, where this machine lets us have them. */
export function haveHosts(t: TestContext): boolean {
  if (!havePeers(t, 'ssh', 'sshd', 'ssh-keygen', 'ip', 'unshare', 'nsenter')) return false;
  if (process.geteuid?.() === 0) return true;
  t.skip('network namespaces need root');
  return false;
}

/** Starts the demo, and waits until it has solved a few steps of many. */
export async function coupledRun(t: TestContext, ...args: string[]): Promise<CoupledRun> {
  const temporary = workspace(t);
  const script = join(repositoryRoot, 'scripts/bootstrap.mjs');
  const words = ['demo', 'thermo-mechanical', '--out', join(temporary, 'plots')];
  const child = spawn(process.execPath, [script, ...words, '--steps', String(STEPS.all), ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let printed = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  t.after(() => child.exitCode ?? child.kill('SIGTERM'));
  while (!said.includes(`step ${STEPS.at} is solved`)) {
    assert.equal(child.exitCode, null, said);
    await delay(20);
  }
  const lab = /PYRO:\S+@\.\/u:(\S+)\/t\/server/.exec(said)?.[1] ?? assert.fail(said);
  return { child, lab, temporary, said: () => said, printed: () => printed };
}

/** Processes of the run whose command line has all the words. */
export function processesOf(lab: string, words: readonly string[] = []): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const line = commandLine(pid);
      return line.includes(lab) && words.every((word) => line.includes(word));
    });
}

/** The one that is node, not what it was started by. */
export function steeringOf({ lab }: CoupledRun): number {
  const all = processesOf(lab, [`${process.execPath}\0--enable-source-maps`, 'models/main.mjs']);
  return (
    all.find((pid) => commandLine(pid).startsWith(process.execPath)) ??
    assert.fail('the steering script does not run')
  );
}

/** The ssh masters of the run's steering script. */
export function mastersOf(run: CoupledRun): number[] {
  return childrenOf(steeringOf(run)).filter((pid) => {
    const line = commandLine(pid);
    return line.startsWith('ssh\0') && line.includes('\0-M\0');
  });
}

/** The sshd of a host that listens, and those that serve one connection each. */
export function sshdOf({ lab }: CoupledRun, host: CoupledHost): { listening: number; serving: number[] } {
  const listening = Number(readFileSync(join(lab, 'h', `sshd-${host}.pid`), 'utf8'));
  assert.ok(commandLine(listening).includes('sshd'), `${listening} is no sshd`);
  return { listening, serving: childrenOf(listening) };
}

/** Sets the wire between the steering host and another one up or down. */
export async function setWire(run: CoupledRun, host: CoupledHost, state: 'up' | 'down'): Promise<void> {
  const wire = host === 'thermal' ? 's-thermal' : 's-mech';
  const words = ['--target', String(steeringOf(run)), '--net', 'ip', 'link', 'set', wire, state];
  assert.deepEqual(await once(spawn('nsenter', words), 'exit'), [0, null]);
}

/** One of the two ends that are good, and nothing left. What it was is said. */
export async function endsWell(run: CoupledRun, error?: RegExp): Promise<'right numbers' | 'one error'> {
  const { child, said, printed, lab } = run;
  if (child.exitCode === null) await once(child, 'exit');
  if (process.env.LATCHKEY_SHOW_FAULTS !== undefined)
    process.stderr.write(`\n${said().split('\n').slice(-8).join('\n')}`);
  if (child.exitCode === 0) {
    const { temperature } = JSON.parse(printed());
    assert.ok(Math.abs(temperature.most - 4.969355652) < 5e-10, printed());
  } else {
    const errors = said().match(/^thermo-mechanical: .+$/gm) ?? [];
    assert.equal(errors.length, 1, said());
    assert.doesNotMatch(said(), /^ {4}at |suppressed/m);
    if (error !== undefined) assert.match(said(), error);
  }
  // What waits for a server to be gone looks once more whether there is anything to do.
  for (let tries = 0; tries < 250 && processesOf(lab).length > 0; tries += 1) await delay(20);
  assert.deepEqual(processesOf(lab).map(commandLine), []);
  assert.equal(existsSync(lab), false);
  assert.deepEqual(leftIn(run.temporary), []);
  return child.exitCode === 0 ? 'right numbers' : 'one error';
}

/** Where the sockets of the run's links are, here and on the hosts, as it reports them. */
export function linkDirectories({ temporary }: CoupledRun): readonly string[] {
  const reports = readdirSync(temporary).filter((name) => /^latchkey-links-\d+$/.test(name));
  const files = reports.flatMap((name) =>
    readdirSync(join(temporary, name)).map((file) => join(temporary, name, file)),
  );
  const from = files.flatMap((file) =>
    (JSON.parse(readFileSync(file, 'utf8')).links as { readonly from: string }[]).map((link) => link.from),
  );
  return [...new Set(from.map((end) => dirname(end)))];
}

/** What is in the directory for temporary files besides what is meant to stay. */
export function leftIn(temporary: string): readonly string[] {
  return readdirSync(temporary).filter((name) => name !== 'plots' && !/^latchkey-links-\d+$/.test(name));
}

export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isAlive(Number(name)))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'latin1')
          .replace(/^.*\) \S /s, '')
          .startsWith(`${parent} `);
      } catch {
        return false;
      }
    });
}
