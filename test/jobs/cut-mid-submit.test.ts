// The link is really cut while the command that submits runs there: the ssh that holds the connection is killed. Whether the
// scheduler has the job already, gets it a moment later, or long after we have given it up: it runs once.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Service } from '../../src/jobs/index.ts';
import { Context, Session } from '../../src/session/index.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS, startSlurm } from '../support/slurm.ts';
import { sshProcesses } from '../support/ssh-processes.ts';
import { startSshd } from '../support/sshd.ts';
import { workspace } from '../support/workspace.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'] as const;

interface Cut {
  readonly scheme: 'ssh' | 'slurm+ssh';
  /** What submits there, and the condition (shell) under which it is that. */
  readonly program: 'setsid' | 'sbatch';
  /** Seconds before it does so, and after. */
  readonly before: number;
  readonly after: number;
}

async function cutsInTheMiddle(t: TestContext, { scheme, program, before, after }: Cut): Promise<void> {
  const place = workspace(t);
  chmodSync(place, 0o755);
  const cluster = scheme === 'slurm+ssh' ? await startSlurm(t) : undefined;
  // The first time it is slow, and says that it is there.
  mkdirSync(join(place, 'bin'));
  writeFileSync(
    join(place, 'bin', program),
    `#!/bin/sh
case $1 in -f|--parsable) mkdir ${place}/reached 2>/dev/null || exec ${findProgram(program)} "$@";;
*) exec ${findProgram(program)} "$@";; esac
sleep ${before}
${findProgram(program)} "$@" 2> ${place}/said; code=$?
sleep ${after}
echo $code > ${place}/submitted
exit $code
`,
    { mode: 0o755 },
  );
  const variables = [`PATH=${place}/bin:${process.env.PATH}`];
  if (cluster !== undefined) variables.push(`SLURM_CONF=${cluster.env.SLURM_CONF}`);
  const ground = await startSshd(t, { config: [`SetEnv ${variables.join(' ')}`] });
  const session = new Session({
    ...{ defaults: false, env: {}, home: '/nowhere' },
    hostKeys: { policy: 'strict', knownHostsFiles: [ground.knownHosts] },
  });
  t.after(() => session.close());
  await session.addContext(new Context('SSH', { user_id: ground.user, user_key: ground.key }));
  const root = join(place, 'jobs');
  const service = new Service(`${scheme}://127.0.0.1:${ground.target.port}`, {
    ...{ session, sandboxRoot: root, poll: { leastMs: 200, mostMs: 500 } },
  });
  t.after(() => service.close());
  const running = service.run({ executable: 'sh', arguments: ['-c', `echo ran >> ${place}/log; exit 4`] });
  for (let tries = 0; tries < 400 && !existsSync(join(place, 'reached')); tries += 1) await delay(25);
  const masters = sshProcesses(process.pid).filter(
    ({ words }) => words.includes('-M') && words.includes(String(ground.target.port)),
  );
  assert.equal(masters.length, 1);
  for (const { pid } of masters) process.kill(pid, 'SIGKILL');
  const job = await running;
  assert.equal(await job.wait({ timeoutMs: 60_000 }), true, `${job.state}`);
  assert.deepEqual([job.state, job.exitCode], ['Failed', 4]);
  for (let tries = 0; tries < 400 && !existsSync(join(place, 'submitted')); tries += 1) await delay(50);
  if (cluster !== undefined) {
    for (let tries = 0; tries < 200 && cluster.tool('squeue', '-h').trim() !== ''; tries += 1)
      await delay(100);
  } else await delay(1000);
  assert.equal(readFileSync(join(place, 'log'), 'utf8'), 'ran\n');
  assert.equal(readdirSync(root).length, 1, readdirSync(root).join(' '));
}

test('Slurm: it has the job, and its answer is lost', async (t) => {
  if (!havePeers(t, ...PEERS, ...SLURM_PROGRAMS)) return;
  await cutsInTheMiddle(t, { scheme: 'slurm+ssh', program: 'sbatch', before: 0, after: 2 });
});

test('Slurm: it gets the job after the cut', async (t) => {
  if (!havePeers(t, ...PEERS, ...SLURM_PROGRAMS)) return;
  await cutsInTheMiddle(t, { scheme: 'slurm+ssh', program: 'sbatch', before: 2, after: 0 });
});

test('Slurm: it gets it when it was given up and is submitted anew', async (t) => {
  if (!havePeers(t, ...PEERS, ...SLURM_PROGRAMS)) return;
  await cutsInTheMiddle(t, { scheme: 'slurm+ssh', program: 'sbatch', before: 15, after: 0 });
});

test('no scheduler: the job begins after the cut', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  await cutsInTheMiddle(t, { scheme: 'ssh', program: 'setsid', before: 2, after: 0 });
});

test('no scheduler: it would begin when it was given up and is submitted anew', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  await cutsInTheMiddle(t, { scheme: 'ssh', program: 'setsid', before: 15, after: 0 });
});
