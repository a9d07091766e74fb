// The thermo-mechanical example while its processes are killed and frozen, one after the other, and its link is cut: it ends with the right
// numbers or with one clear error, and nothing of it is left.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { havePeers } from '../support/peers.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

const HOSTS = ['ssh', 'sshd', 'ssh-keygen', 'ip', 'unshare', 'nsenter'];
/** Of step `at` of the run; there are enough steps behind it for something to happen under way. */
const STEPS = { at: 3, all: 60 };

/** Whom the fault befalls: what all of these words are in. */
const PROCESSES: Readonly<Record<string, readonly string[]>> = {
  'the thermal job': ['models\0serve', 'thermal-model'],
  'the mechanical job': ['models\0serve', 'mechanical-model'],
  'the thermal model server': ['models\0run', 'ThermalSolverDemo'],
  'the mechanical model server': ['models\0run', 'MechanicalSolverDemo'],
  'the steering script': [`${process.execPath}\0--enable-source-maps`, 'models/main.mjs'],
  'the registry': ['ns\0run'],
  'an ssh master': ['ssh\0', '\0-M\0', 'thermal'],
};

interface Run {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly printed: () => string;
  /** Private directory of the run. */
  readonly lab: () => string;
}

/** Starts the demo, and waits until it is well under way. */
async function underWay(t: TestContext, ...args: string[]): Promise<Run> {
  const temporary = workspace(t);
  const script = join(repositoryRoot, 'scripts/bootstrap.mjs');
  const words = [
    'demo',
    'thermo-mechanical',
    '--out',
    join(temporary, 'plots'),
    '--steps',
    String(STEPS.all),
  ];
  const child = spawn(process.execPath, [script, ...words, '--passing', 'reference', ...args], {
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
  return { child, said: () => said, printed: () => printed, lab: () => lab };
}

/** Processes of the run whose command line has all the words. */
function processesOf(lab: string, words: readonly string[] = []): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return line.includes(lab) && words.every((word) => line.includes(word));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** One of the two ends that are good, and nothing left. */
async function endsWell({ child, said, printed, lab }: Run, temporary: string): Promise<void> {
  if (child.exitCode === null) await once(child, 'exit');
  if (child.exitCode === 0) {
    const { temperature } = JSON.parse(printed());
    assert.ok(Math.abs(temperature.most - 4.969355652) < 5e-10, printed());
  } else {
    const errors = said().match(/^thermo-mechanical: .+$/gm) ?? [];
    assert.equal(errors.length, 1, said());
    assert.doesNotMatch(said(), /^ {4}at |suppressed/m);
  }
  assert.deepEqual(processesOf(lab()), []);
  assert.equal(existsSync(lab()), false);
  assert.ok(temporary !== '');
}

for (const [whom, words] of Object.entries(PROCESSES)) {
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    const isSteering = whom === 'the steering script';
    // A steering script that is frozen does nothing until it goes on.
    if (isSteering && signal === 'SIGSTOP') continue;
    const hosts = whom === 'an ssh master';
    test(`${whom} gets ${signal}`, async (t) => {
      if (hosts && !havePeers(t, ...HOSTS)) return;
      if (hosts && process.geteuid?.() !== 0) return t.skip('network namespaces need root');
      const run = await underWay(t, ...(hosts ? [] : ['--alone']));
      const [pid] = hosts ? mastersOf(run) : processesOf(run.lab(), words);
      assert.ok(pid !== undefined, `no process is ${whom}`);
      process.kill(pid, signal);
      if (isSteering) {
        // Nobody is left to say anything; what it started is gone all the same.
        await once(run.child, 'exit');
        assert.deepEqual(processesOf(run.lab()), []);
        return;
      }
      await endsWell(run, run.lab());
    });
  }
}

/** The one that is node, not what it was started by. */
function steeringOf(lab: string): number {
  const all = processesOf(lab, PROCESSES['the steering script']);
  return (
    all.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(process.execPath)) ??
    assert.fail('the steering script does not run')
  );
}

/** The ssh masters of the run's steering script. */
function mastersOf({ lab }: Run): number[] {
  const steering = steeringOf(lab());
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
        return Number(parent) === steering && line.startsWith('ssh\0') && line.includes('\0-M\0');
      } catch {
        return false;
      }
    })
    .map(Number);
}

test('the link to a host is cut for ten seconds', async (t) => {
  if (!havePeers(t, ...HOSTS)) return;
  if (process.geteuid?.() !== 0) return t.skip('network namespaces need root');
  const run = await underWay(t);
  const steering = steeringOf(run.lab());
  const link = (state: 'up' | 'down') =>
    once(
      spawn('nsenter', ['--target', String(steering), '--net', 'ip', 'link', 'set', 's-thermal', state]),
      'exit',
    );
  assert.deepEqual(await link('down'), [0, null]);
  await delay(10_000);
  assert.deepEqual(await link('up'), [0, null]);
  await endsWell(run, run.lab());
});
