import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { endTree } from './processes.ts';
import { endsWith, workspace } from './workspace.ts';

/** The programs that {@link startGridEngine} needs. */
export const GRID_ENGINE_PROGRAMS = ['sge_qmaster', 'sge_execd', 'qsub', 'qstat'] as const;

const LIBRARY = '/usr/lib/gridengine';
const SHARE = '/usr/share/gridengine';

/** A Grid Engine cell of one host of its own, on loopback. */
export interface GridEngineCell {
  /** What its tools need to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs one of its tools; fails when that does. */
  tool(program: string, ...args: readonly string[]): string;
  /** Ends the master alone, as in an outage; jobs go on. */
  stopMaster(): Promise<void>;
  startMaster(): Promise<void>;
}

/** Starts master and execution daemon in a private directory: two slots, scheduled every second, accounting written at once. */
export async function startGridEngine(t: Pick<TestContext, 'after'>): Promise<GridEngineCell> {
  const directory = workspace(t);
  chmodSync(directory, 0o755);
  const at = (...names: readonly string[]) => join(directory, ...names);
  const common = at('root', 't', 'common');
  for (const path of [
    common,
    at('spool', 'qmaster', 'job_scripts'),
    at('spool', 'db'),
    at('spool', 'execd'),
  ]) {
    mkdirSync(path, { recursive: true });
  }
  symlinkSync(`${SHARE}/util`, at('root', 'util'));
  for (const name of ['bin', 'lib', 'utilbin']) symlinkSync(`/var/lib/gridengine/${name}`, at('root', name));
  const host = hostname();
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    SGE_ROOT: at('root'),
    SGE_CELL: 't',
    SGE_QMASTER_PORT: String(await freePort()),
    SGE_EXECD_PORT: String(await freePort()),
    SGE_ARCH: 'lx-amd64',
  };
  const tool = (program: string, ...args: readonly string[]) => {
    const { status, stdout, stderr, error } = spawnSync(program, args, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error ?? stderr}${stdout}`);
    return stdout;
  };
  const file = (name: string, text: string) => {
    writeFileSync(at(name), text, { mode: 0o644 });
    return at(name);
  };
  writeFileSync(join(common, 'bootstrap'), bootstrap(directory));
  writeFileSync(join(common, 'act_qmaster'), `${host}\n`);
  // The reverse of 127.0.0.1 is localhost.
  writeFileSync(join(common, 'host_aliases'), `${host} localhost\n`);
  const settings = readFileSync(`${SHARE}/default-configuration`, 'utf8');
  const global = file('conf.global', tuned(settings, directory));
  tool('chown', '-R', 'sgeadmin:sgeadmin', at('root'), at('spool'));
  const spool = (...words: readonly string[]) =>
    tool('setpriv', '--reuid=sgeadmin', '--regid=sgeadmin', '--clear-groups', ...words);
  spool(`${LIBRARY}/spoolinit`, 'berkeleydb', 'libspoolb', at('spool', 'db'), 'init');
  const defaults = `${LIBRARY}/spooldefaults`;
  spool(defaults, 'configuration', global);
  spool(defaults, 'complexes', `${SHARE}/util/resources/centry`);
  spool(defaults, 'usersets', `${SHARE}/util/resources/usersets`);
  spool(defaults, 'managers', 'sgeadmin');
  spool(defaults, 'managers', 'root');
  const until = async (what: string, isThere: () => boolean) => {
    for (let tries = 0; tries < 300; tries += 1) {
      if (isThere()) return;
      await delay(100);
    }
    throw new Error(`Grid Engine: ${what} took too long`);
  };
  const isUp = () => spawnSync('qconf', ['-sh'], { env }).status === 0;
  const stopMaster = async () => {
    const pid = Number(readFileSync(at('spool', 'qmaster', 'qmaster.pid'), 'utf8'));
    await endTree(pid, directory).catch((error: Error) => {
      // It takes longer than that to be polite.
      if (!/still there/.test(error.message)) throw error;
    });
  };
  const startMaster = async () => {
    tool('/usr/sbin/sge_qmaster');
    await until('the master', isUp);
  };
  endsWith(t, directory, async () => {
    spawnSync('qconf', ['-kej', 'all'], { env });
    await delay(500);
    await stopMaster();
  });
  await startMaster();
  tool('qconf', '-Mconf', file('global', settingsOnly(tuned(settings, directory))));
  spawnSync('qconf', ['-ah', host], { env });
  spawnSync('qconf', ['-as', host], { env });
  tool('qconf', '-Ae', file('eh', execHost(host)));
  tool('qconf', '-Ahgrp', file('hg', `group_name @allhosts\nhostlist ${host}\n`));
  tool('/usr/sbin/sge_execd');
  cpSync(`${SHARE}/util/resources/centry`, at('centry'), { recursive: true });
  tool('qconf', '-Ap', file('pe', PARALLEL));
  tool('qconf', '-Aq', file('q', QUEUE));
  const schedule = tool('qconf', '-ssconf')
    .replace(/^schedule_interval.*/m, 'schedule_interval 0:0:1')
    .replace(/^flush_submit_sec.*/m, 'flush_submit_sec 1')
    .replace(/^flush_finish_sec.*/m, 'flush_finish_sec 1');
  tool('qconf', '-Msconf', file('sconf', schedule));
  await until('the host', () =>
    /lx-amd64 *$/m.test(spawnSync('qstat', ['-f'], { env, encoding: 'utf8' }).stdout),
  );
  return { env, tool, stopMaster, startMaster };
}

function bootstrap(directory: string): string {
  return `admin_user              sgeadmin
default_domain          none
ignore_fqdn             false
spooling_method         berkeleydb
spooling_lib            libspoolb
spooling_params         ${directory}/spool/db
binary_path             /usr/sbin
qmaster_spool_dir       ${directory}/spool/qmaster
security_mode           none
listener_threads        2
worker_threads          2
scheduler_threads       1
`;
}

function tuned(settings: string, directory: string): string {
  return settings
    .replaceAll('/var/spool/gridengine/execd', `${directory}/spool/execd`)
    .replace(/^load_report_time.*/m, 'load_report_time 00:00:01')
    .replace('flush_time=00:00:15', 'flush_time=00:00:01 accounting_flush_time=00:00:00')
    .replace(/^min_uid.*/m, 'min_uid 0')
    .replace(/^min_gid.*/m, 'min_gid 0')
    .replace(/^mailer.*/m, 'mailer /bin/true')
    .replace(/^gid_range.*/m, 'gid_range 65400-65450');
}

function settingsOnly(text: string): string {
  return text
    .split('\n')
    .slice(4)
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

function execHost(host: string): string {
  const none = ['load_scaling', 'complex_values', 'user_lists', 'xuser_lists', 'projects', 'xprojects'];
  const lines = [...none, 'usage_scaling', 'report_variables'].map((name) => `${name} NONE`);
  return `${[`hostname ${host}`, ...lines].join('\n')}\n`;
}

const PARALLEL = `pe_name            smp
slots              4
user_lists         NONE
xuser_lists        NONE
start_proc_args    NONE
stop_proc_args     NONE
allocation_rule    $pe_slots
control_slaves     FALSE
job_is_first_task  TRUE
urgency_slots      min
accounting_summary FALSE
qsort_args         NONE
`;

const LIMITS = ['rt', 'cpu', 'fsize', 'data', 'stack', 'core', 'rss', 'vmem'];

const QUEUE = `${[
  ...['qname all.q', 'hostlist @allhosts', 'seq_no 0', 'load_thresholds NONE', 'suspend_thresholds NONE'],
  ...['nsuspend 1', 'suspend_interval 00:05:00', 'priority 0', 'min_cpu_interval 00:00:01'],
  ...['processors UNDEFINED', 'qtype BATCH INTERACTIVE', 'ckpt_list NONE', 'pe_list smp', 'rerun FALSE'],
  ...['slots 8', 'tmpdir /tmp', 'shell /bin/sh', 'prolog NONE', 'epilog NONE'],
  ...['shell_start_mode posix_compliant', 'starter_method NONE', 'suspend_method NONE', 'resume_method NONE'],
  ...['terminate_method NONE', 'notify 00:00:60', 'owner_list NONE', 'user_lists NONE', 'xuser_lists NONE'],
  ...['subordinate_list NONE', 'complex_values NONE', 'projects NONE', 'xprojects NONE', 'calendar NONE'],
  'initial_state default',
  ...LIMITS.flatMap((name) => [`s_${name} INFINITY`, `h_${name} INFINITY`]),
].join('\n')}\n`;
