import {
  type CondorConfig,
  type CredmonSettings,
  describeOrigin,
  loadCondorConfig,
} from '../../credmon/index.ts';
import {
  type ControlClient,
  type CredmonStateFiles,
  connectControl,
  credmonStateFiles,
  findState,
  hasMonitor,
  type LeaseDocument,
  loadCredmonSettings,
} from '../../daemon/index.ts';
import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import type { Invocation } from './command.ts';
import { leasesFromFiles } from './credmon-files.ts';

/** A monitor as its configuration describes it, whether it runs or not. */
export interface CredmonPlace {
  readonly settings: CredmonSettings;
  /** Which words its owner knows: HTCondor's configuration, or a `latchkey.toml`. */
  readonly writtenIn: 'condor' | 'toml';
  /** Absent = the configuration names no state directory. */
  readonly state: CredmonStateFiles | undefined;
  /** The configuration that decides who serves a name, a line each with its origin. */
  decidedBy(providerName: string): readonly string[];
}

/**
 * Finds the configuration: `--config`, else the `latchkey.toml` of the state here if it has a monitor, else HTCondor's own search.
 *
 * @throws LatchkeyError `config/…`
 */
export async function findCredmon(invocation: Invocation): Promise<CredmonPlace> {
  const { given, context } = invocation;
  const name = (given.text('name') ?? 'CREDMON_OAUTH').toUpperCase();
  const file = given.text('config') ?? (await settingsOfState(invocation));
  const isOurs = file?.endsWith('.toml') === true;
  const env = { ...context.env, ...(file === undefined || isOurs ? {} : { CONDOR_CONFIG: file }) };
  const settings = await loadCredmonSettings({ name, env, ...(isOurs ? { file } : {}) });
  const { stateDirectory } = settings;
  // Read again, and only for the origins of its values.
  const config = isOurs ? undefined : await loadCondorConfig({ subsystem: name, env });
  return {
    settings,
    writtenIn: isOurs ? 'toml' : 'condor',
    state: stateDirectory === undefined ? undefined : credmonStateFiles(stateDirectory),
    decidedBy: (providerName) => (config === undefined ? [] : decidingKeys(config, providerName)),
  };
}

/** The settings file of the state directory here, if it asks for a monitor. */
export async function settingsOfState({ given, context }: Invocation): Promise<string | undefined> {
  const { CONDOR_CONFIG } = context.env;
  const named = given.text('state');
  if (named === undefined && CONDOR_CONFIG !== undefined && CONDOR_CONFIG !== '') return undefined;
  const { env, uid } = context;
  const state = await findState({ directory: named, env, cwd: process.cwd(), uid });
  return state !== undefined && (await hasMonitor(state.settings)) ? state.settings : undefined;
}

/** The running monitor of a place. @throws LatchkeyError `credmon/not-running`, `credmon/not-allowed` */
export async function runningCredmon({ state }: CredmonPlace): Promise<ControlClient> {
  if (state === undefined) {
    throw new LatchkeyError('credmon/not-running', 'this monitor has no control socket', {
      hint: 'name a state directory in its configuration: LATCHKEY_CREDMON_STATE = /var/lib/latchkey-credmon',
    });
  }
  return await connectControl(state.controlSocket);
}

/** The running monitor, or `undefined` when nobody answers. @throws LatchkeyError `credmon/not-allowed` */
export async function runningCredmonIfAny(place: CredmonPlace): Promise<ControlClient | undefined> {
  try {
    return await runningCredmon(place);
  } catch (error) {
    if (isLatchkeyError(error, 'credmon/not-running')) return undefined;
    throw error;
  }
}

/** The leases as the running monitor knows them, else as its files tell. */
export async function leasesHere(
  place: CredmonPlace,
  user: string | undefined,
): Promise<{ readonly from: 'monitor' | 'files'; readonly leases: LeaseDocument[] }> {
  const monitor = await runningCredmonIfAny(place);
  if (monitor !== undefined) return { from: 'monitor', leases: await monitor.leases(user) };
  return { from: 'files', leases: await leasesFromFiles(place.settings, place.state?.journal, user) };
}

/** Keys by which a name finds its provider; those that are set are shown. */
const DECIDING_KEYS: readonly string[] = [
  'LOCAL_CREDMON_PROVIDER_NAMES',
  'LOCAL_CREDMON_PROVIDER_NAME',
  'CLIENT_CREDMON_PROVIDER_NAMES',
  'OAUTH2_CREDMON_PROVIDER_NAMES',
  'VAULT_CREDMON_PROVIDER_NAMES',
  'PELICAN_CREDMON_PROVIDER_NAMES',
];

function decidingKeys(config: CondorConfig, providerName: string): string[] {
  const lists = DECIDING_KEYS.filter((key) => {
    const names = config.list(key) ?? [];
    return names.includes(providerName) || names.includes('*');
  });
  return [...lists, `${providerName}_CLIENT_ID`].flatMap((key) => {
    const value = config.value(key);
    if (value === undefined) return [];
    return [`${key} = ${value.text} (${describeOrigin(value.origin)})`];
  });
}
