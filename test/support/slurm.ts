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

/** What {@link startSlurm} needs besides for a cluster with accounts. */
export const SLURM_ACCOUNTING = [
  'slurmdbd',
  'sacct',
  'sacctmgr',
  'mariadbd',
  'mariadb-install-db',
  'mariadb',
] as const;

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

export interface SlurmOptions {
  readonly minJobAgeSeconds?: number;
  readonly maxJobs?: number;
  readonly hasAccounts?: boolean;
}

/**
 * Starts munge, slurmctld and slurmd in a private directory: two cores, memory not fenced but looked at every second. A job is known
 * for `minJobAgeSeconds` after its end, and then by nobody, or with `hasAccounts` by slurmdbd and its MariaDB, which take some seconds more.
 */
export async function startSlurm(
  t: Pick<TestContext, 'after'>,
  options: SlurmOptions = {},
): Promise<SlurmCluster> {
  const directory = workspace(t);
  chmodSync(directory, 0o755);
  const at = (...names: readonly string[]) => join(directory, ...names);
  for (const name of ['munge', 'ctld', 'd', 'run']) mkdirSync(at(name), { mode: 0o755 });
  writeFileSync(at('munge', 'key'), randomBytes(1024), { mode: 0o400 });
  const accountingPort = options.hasAccounts === true ? await freePort() : undefined;
  writeFileSync(at('slurm.conf'), await configuration(directory, options, accountingPort));
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: directory, SLURM_CONF: at('slurm.conf') },
    // slurmdbd finds its database by it.
    ...(options.hasAccounts === true ? { MYSQL_UNIX_PORT: at('db', 'sock') } : {}),
  };
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
    for (const program of ['slurmd', 'slurmctld', 'slurmdbd', 'mariadbd', 'munged']) await stop(program);
  });
  start(
    'munged',
    ...['--foreground', `--key-file=${at('munge', 'key')}`, `--socket=${at('munge', 'sock')}`],
    ...[`--pid-file=${at('munge', 'pid')}`, `--log-file=${at('munge', 'log')}`],
    ...[`--seed-file=${at('munge', 'seed')}`, '--num-threads=2'],
  );
  await isUp('munge', ['-n', '-S', at('munge', 'sock')], /MUNGE/);
  if (accountingPort !== undefined) {
    await startAccounts(directory, accountingPort, start, isUp);
    tool('sacctmgr', '-i', '-Q', 'add', 'cluster', 't');
  }
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

/** MariaDB on a socket alone, and slurmdbd before it. */
async function startAccounts(
  directory: string,
  port: number,
  start: (program: string, ...args: readonly string[]) => void,
  isUp: (program: string, args: readonly string[], wanted: RegExp) => Promise<void>,
): Promise<void> {
  const at = (...names: readonly string[]) => join(directory, ...names);
  mkdirSync(at('db'), { mode: 0o700 });
  const run = (program: string, ...args: readonly string[]) => {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
  };
  run('chown', 'mysql', at('db'));
  run(
    'mariadb-install-db',
    ...['--no-defaults', '--user=mysql', `--datadir=${at('db')}`, '--skip-test-db'],
    '--auth-root-authentication-method=socket',
  );
  start(
    'mariadbd',
    ...['--no-defaults', '--user=mysql', `--datadir=${at('db')}`, `--socket=${at('db', 'sock')}`],
    ...['--skip-networking', '--innodb-buffer-pool-size=64M', '--innodb-log-file-size=16M'],
    '--innodb-flush-log-at-trx-commit=0',
  );
  const client = ['--no-defaults', '-S', at('db', 'sock')];
  await isUp('mariadb', [...client, '-e', 'select "up"'], /up/);
  run(
    'mariadb',
    ...client,
    '-e',
    "create database slurm_acct; create user slurm@localhost identified by 'slurm'; grant all on slurm_acct.* to slurm@localhost",
  );
  const configuration = `AuthType=auth/munge
AuthInfo=socket=${directory}/munge/sock
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=${port}
SlurmUser=root
LogFile=${directory}/run/dbd.log
PidFile=${directory}/run/dbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct
`;
  writeFileSync(at('slurmdbd.conf'), configuration, { mode: 0o600 });
  start('slurmdbd', '-D');
  await isUp('sacctmgr', ['show', 'cluster'], /Cluster/);
}

async function configuration(
  directory: string,
  { minJobAgeSeconds = 300, maxJobs = 1000 }: SlurmOptions,
  accountingPort: number | undefined,
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
${
  accountingPort === undefined
    ? ''
    : `AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=${accountingPort}
AccountingStoragePass=${directory}/munge/sock
`
}`;
}
