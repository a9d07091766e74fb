import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { endTree, isAlive, signalAll } from './processes.ts';
import { endsWith, workspace } from './workspace.ts';

/** The programs that {@link startSlurm} needs. */
export const SLURM_PROGRAMS = ['slurmctld', 'slurmd', 'munged', 'sbatch', 'squeue', 'scancel'] as const;

/** A Slurm cluster of one node of its own, on loopback. */
export interface SlurmCluster {
  readonly directory: string;
  /** What its tools need to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends the controller alone, as in an outage. */
  stopController(): Promise<void>;
  startController(): Promise<void>;
  /** It takes connections and answers none, until it is thawed. */
  freezeController(): void;
  thawController(): void;
  /** Runs one of its tools; fails when that does. */
  tool(program: string, ...args: readonly string[]): string;
}

/**
 * Starts munge, slurmctld and slurmd in a private directory: two cores, memory accounted but not fenced. There is no accounting database,
 * so a job is known for `minJobAgeSeconds` after its end and then by nobody.
 */
export async function startSlurm(
  t: Pick<TestContext, 'after'>,
  options: { readonly minJobAgeSeconds?: number; readonly maxJobs?: number } = {},
): Promise<SlurmCluster> {
  const directory = workspace(t);
  chmodSync(directory, 0o755);
  const at = (...names: readonly string[]) => join(directory, ...names);
  for (const name of ['munge', 'ctld', 'd', 'run']) mkdirSync(at(name), { mode: 0o755 });
  writeFileSync(at('munge', 'key'), randomBytes(1024), { mode: 0o400 });
  writeFileSync(at('slurm.conf'), await configuration(directory, options));
  const env = { PATH: process.env.PATH ?? '', HOME: directory, SLURM_CONF: at('slurm.conf') };
  const running = new Map<string, ChildProcess>();
  const start = (program: string, ...args: readonly string[]) => {
    const log = openSync(at('run', `${program}.log`), 'a');
    const child = spawn(program, args, { env, stdio: ['ignore', log, log], detached: true });
    running.set(program, child);
  };
  const stop = async (program: string) => {
    const child = running.get(program);
    running.delete(program);
    if (child?.pid === undefined || !isAlive(child.pid)) return;
    const closed = once(child, 'exit');
    await endTree(child.pid, directory);
    await closed;
  };
  const tool = (program: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const isUp = async (program: string, args: readonly string[], wanted: RegExp) => {
    for (let tries = 0; tries < 300; tries += 1) {
      const { stdout } = spawnSync(program, args, { env, encoding: 'utf8' });
      if (wanted.test(stdout ?? '')) return;
      await delay(50);
    }
    const log = readFileSync(at('run', 'slurmctld.log'), 'utf8').slice(-2000);
    throw new Error(`${program} never said ${wanted}: ${log}`);
  };
  const startController = async () => {
    start('slurmctld', '-D', '-i');
    await isUp('scontrol', ['ping'], /UP/);
  };
  endsWith(t, directory, async () => {
    spawnSync('scancel', ['--full', '--signal=KILL', '--user=root'], { env });
    for (const program of ['slurmd', 'slurmctld', 'munged']) await stop(program);
  });
  start(
    'munged',
    ...['--foreground', `--key-file=${at('munge', 'key')}`, `--socket=${at('munge', 'sock')}`],
    ...[`--pid-file=${at('munge', 'pid')}`, `--log-file=${at('munge', 'log')}`],
    ...[`--seed-file=${at('munge', 'seed')}`, '--num-threads=2'],
  );
  await isUp('munge', ['-n', '-S', at('munge', 'sock')], /MUNGE/);
  await startController();
  start('slurmd', '-D');
  await isUp('sinfo', ['-h', '-o', '%T'], /idle/);
  const signalController = (signal: NodeJS.Signals) =>
    signalAll([running.get('slurmctld')?.pid ?? 0], signal);
  return {
    ...{ directory, env, tool, startController },
    stopController: () => stop('slurmctld'),
    freezeController: () => signalController('SIGSTOP'),
    thawController: () => signalController('SIGCONT'),
  };
}

async function configuration(
  directory: string,
  {
    minJobAgeSeconds = 300,
    maxJobs = 1000,
  }: { readonly minJobAgeSeconds?: number; readonly maxJobs?: number },
): Promise<string> {
  const name = hostname().split('.')[0];
  return `ClusterName=t
SlurmctldHost=${name}(127.0.0.1)
SlurmctldPort=${await freePort()}
SlurmdPort=${await freePort()}
AuthType=auth/munge
AuthInfo=socket=${directory}/munge/sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=100
MpiDefault=none
ReturnToService=2
SwitchType=switch/none
StateSaveLocation=${directory}/ctld
SlurmdSpoolDir=${directory}/d
SlurmctldPidFile=${directory}/run/ctld.pid
SlurmdPidFile=${directory}/run/d.pid
SlurmctldTimeout=300
SlurmdTimeout=300
MinJobAge=${minJobAgeSeconds}
MaxJobCount=${maxJobs}
KillWait=2
OverTimeLimit=0
InactiveLimit=0
BatchStartTimeout=20
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,defer_batch=no
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
PrologFlags=NoHold
NodeName=${name} NodeAddr=127.0.0.1 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
`;
}
