// The example's sshds killed and frozen, and each of its links cut: it ends with the right numbers or with one clear error.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CoupledHost,
  type CoupledRun,
  coupledRun,
  endsWell,
  haveHosts,
  processesOf,
  setWire,
  sshdOf,
  steeringOf,
} from '../support/coupled-run.ts';

const HOSTS: readonly CoupledHost[] = ['thermal', 'mechanical'];

/** What befalls the sshd of a host. */
const FAULTS: Readonly<Record<string, (run: CoupledRun, host: CoupledHost) => Promise<unknown>>> = {
  'the listening sshd is killed': async (run, host) => {
    process.kill(sshdOf(run, host).listening, 'SIGKILL');
  },
  'the listening sshd is frozen': async (run, host) => {
    process.kill(sshdOf(run, host).listening, 'SIGSTOP');
  },
  'the sshd of the connection is killed': async (run, host) => {
    for (const pid of sshdOf(run, host).serving) process.kill(pid, 'SIGKILL');
  },
  'the sshd of the connection is frozen': async (run, host) => {
    for (const pid of sshdOf(run, host).serving) process.kill(pid, 'SIGSTOP');
  },
  'both sshds are killed, and nobody starts one': async (run, host) => {
    killAll(run, host);
  },
  'both sshds are frozen': async (run, host) => {
    const { listening, serving } = sshdOf(run, host);
    for (const pid of [listening, ...serving]) process.kill(pid, 'SIGSTOP');
  },
  'both sshds are killed, and the operator starts it again': async (run, host) => {
    killAll(run, host);
    await delay(3000);
    await startAgain(run, host);
  },
};

for (const [what, befalls] of Object.entries(FAULTS)) {
  for (const host of HOSTS) {
    for (const passing of ['reference', 'copy']) {
      test(`${host}, by ${passing}: ${what}`, async (t) => {
        if (!haveHosts(t)) return;
        const run = await coupledRun(t, '--passing', passing);
        await befalls(run, host);
        const began = Date.now();
        t.diagnostic(`${await endsWell(run)} after ${Math.round((Date.now() - began) / 1000)} s`);
      });
    }
  }
}

for (const host of HOSTS) {
  for (const passing of ['reference', 'copy']) {
    for (const when of ['between calls', 'in the middle of a call']) {
      test(`${host}, by ${passing}: the link is cut for ten seconds ${when}`, async (t) => {
        if (!haveHosts(t)) return;
        const run = await coupledRun(t, '--passing', passing);
        const job = processesOf(run.lab, ['models\0serve', `${host}-model`])[0] ?? assert.fail('no job');
        if (when !== 'between calls') {
          // A job that is frozen has not answered the call that comes next: it is under way when the link goes.
          process.kill(job, 'SIGSTOP');
          await delay(500);
        }
        await setWire(run, host, 'down');
        process.kill(job, 'SIGCONT');
        await delay(10_000);
        await setWire(run, host, 'up');
        assert.equal(await endsWell(run), 'right numbers');
      });
    }
  }
}

function killAll(run: CoupledRun, host: CoupledHost): void {
  const { listening, serving } = sshdOf(run, host);
  for (const pid of [listening, ...serving]) process.kill(pid, 'SIGKILL');
}

/** As hosts.sh has started it. */
async function startAgain(run: CoupledRun, host: CoupledHost): Promise<void> {
  const lab = join(run.lab, 'h');
  const words = [
    'netns',
    'exec',
    host,
    '/usr/sbin/sshd',
    '-f',
    join(lab, `sshd-${host}.conf`),
    '-E',
    join(lab, `sshd-${host}.log`),
  ];
  const child = spawn('nsenter', ['--target', String(steeringOf(run)), '--mount', '--net', 'ip', ...words]);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
}
