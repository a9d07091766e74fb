import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { linkOurTools } from '../support/our-tools.ts';
import { workspace } from '../support/workspace.ts';
import { type AccessPoint, type AccessPointOptions, openAccessPoint } from './access-point.ts';
import { type ConfigKeys, condorConfig } from './condor-config.ts';
import { Master } from './master.ts';
import { eventually } from './waiting.ts';

/** How a {@link MonitoredPool} differs from the usual one. */
export interface MonitoredPoolOptions extends AccessPointOptions {
  /** More keys of HTCondor's configuration. */
  readonly config?: ConfigKeys;
  readonly environment?: NodeJS.ProcessEnv;
  /** Runs before the monitor is started for the first time. */
  readonly before?: (point: AccessPoint, base: string) => void | Promise<void>;
  /** Do not wait for the first full pass. */
  readonly isHopeless?: boolean;
}

/** An access point with the real monitor under its master. */
export interface MonitoredPool extends AccessPoint {
  readonly base: string;
  readonly master: Master;
  /** The file named by `CONDOR_CONFIG`. */
  readonly configFile: string;
  /** Waits until the monitor has done a full pass since its start. */
  ready(): Promise<void>;
  /** The monitor's log so far. */
  log(): string;
  /** SIGHUP to the monitor that runs, without credd. */
  wake(): void;
  /** The token in `D/<user>/<file>`, as a curl plugin and a JSON plugin both read it. */
  useFile(user: string, file?: string): { readonly text: string; readonly members: Record<string, unknown> };
}

/** The process id in `D/pid`, read as credd reads it: a leading integer. */
export function pidIn(directory: string): number | undefined {
  const file = join(directory, 'pid');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined;
}

/** Starts the drop-in under its old name and ends it after the test. */
export async function startMonitoredPool(
  t: Pick<TestContext, 'after'>,
  options: MonitoredPoolOptions = {},
): Promise<MonitoredPool> {
  const { config = {}, environment = {}, before, isHopeless = false, ...pointOptions } = options;
  // The directory goes after the monitor, whatever the order of the hooks.
  const removals: (() => unknown)[] = [];
  const base = workspace({ after: (remove) => void removals.push(remove as () => unknown) });
  let running: Master | undefined;
  const point = openAccessPoint(base, (pid) => void running?.signal(pid, 'SIGHUP'), {
    ...pointOptions,
    paces: { checkPollMs: 20, storePollMs: 50, storeTries: 400, restartDelayMs: 200, ...pointOptions.paces },
  });
  const { pool } = point;
  const program = join(
    linkOurTools(join(base, 'sbin'), ['condor_credmon_oauth', 'condor_credmon_vault']),
    'condor_credmon_oauth',
  );
  const configFile = join(base, 'condor_config');
  const text = condorConfig(pool, program, {
    LOCAL_CREDMON_PRIVATE_KEY: join(base, 'scitokens-private.pem'),
    LOCAL_CREDMON_PUBLIC_KEY: join(base, 'scitokens.pem'),
    LOCAL_CREDMON_ISSUER: 'https://ap.example.org',
    LOCAL_CREDMON_TOKEN_AUDIENCE: 'https://data.example.org',
    ...config,
  });
  writeFileSync(configFile, text, { mode: 0o600 });
  const master = new Master(pool, program, configFile, environment);
  running = master;
  t.after(async () => {
    await master.stop();
    for (const remove of removals) remove();
  });
  await before?.(point, base);
  master.start();
  const log = (): string => {
    const file = join(pool.logDirectory, 'CredMonOAuthLog');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  const ready = async (): Promise<void> => {
    const complete = join(pool.directory, 'CREDMON_COMPLETE');
    await eventually(
      () => existsSync(complete) && pidIn(pool.directory) === master.pid,
      'the first full pass',
    ).catch((cause: unknown) => {
      const said = master.exits.map(({ code, signal, output }) => `exit ${code ?? signal}: ${output}`);
      throw new Error(`${String(cause)}\n${said.join('\n')}\n${log()}`);
    });
  };
  if (!isHopeless) await ready();
  return {
    ...point,
    base,
    master,
    configFile,
    ready,
    log,
    wake: () => {
      if (master.pid !== undefined) master.signal(master.pid, 'SIGHUP');
    },
    useFile: (user, file = 'scitokens.use') => {
      const text = readFileSync(join(pool.directory, user, file), 'utf8');
      return { text, members: JSON.parse(text) as Record<string, unknown> };
    },
  };
}
