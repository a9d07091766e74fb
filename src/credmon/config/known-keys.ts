import { isLatchkeyError } from '../../kit/index.ts';
import type { CondorConfig, ConfigValue } from './condor-config.ts';
import { CREDMON_KEYS, OTHER_KEYS, OTHER_PROVIDER_KEYS } from './credmon-keys.ts';

/** The values that somebody gave to keys which a monitor, credd or condor_submit reads for credentials, in no order. */
export function credmonValues(config: CondorConfig): readonly ConfigValue[] {
  return [...new Set(knownKeys(config))].flatMap((key) => {
    try {
      const value = config.value(key);
      return value === undefined || value.origin.file === '<default>' ? [] : [value];
    } catch (error) {
      if (!isLatchkeyError(error)) throw error;
      return [];
    }
  });
}

/** Every key that is read for credentials, with the names of this configuration's providers and daemons in them; in capitals. */
export function knownKeys(config: CondorConfig): string[] {
  const keys = Object.values(CREDMON_KEYS).flat();
  const capitals = config.names.map((name) => name.toUpperCase());
  const listed = capitals
    .filter((name) => /^\w+_CREDMON_PROVIDER_NAMES?$/.test(name))
    .flatMap((name) => listOf(config, name));
  const clients = capitals.flatMap((name) => /^(?:CLIENT_CREDMON_)?(.+)_CLIENT_ID$/.exec(name)?.[1] ?? []);
  const providers = new Set(['SCITOKENS', ...listed, ...clients].map((name) => name.toUpperCase()));
  const daemons = [
    ...new Set(['CREDMON_OAUTH', 'CREDMON_VAULT', 'CREDMON_KRB', config.scope.subsystem.toUpperCase()]),
  ];
  return [
    ...OTHER_KEYS,
    ...keys.filter(({ key }) => !key.includes('<')).map(({ key }) => key),
    ...keys
      .filter(({ key }) => key.includes('<NAME>'))
      .flatMap(({ key }) => daemons.map((name) => key.replace('<NAME>', name))),
    ...daemons.flatMap((name) => [name, `${name}_ARGS`, `${name}_ENVIRONMENT`]),
    ...[...providers].flatMap((provider) => [
      ...keys.filter(({ key }) => key.includes('<P>')).map(({ key }) => key.replace('<P>', provider)),
      ...keys
        .filter(({ isPerProvider }) => isPerProvider)
        .map(({ key }) => key.replace('LOCAL_CREDMON_', `LOCAL_CREDMON_${provider}_`)),
      ...OTHER_PROVIDER_KEYS.map((key) => `${provider}_${key}`),
      ...['URL', 'PREFIX', 'PERMISSIONS'].map((key) => `${provider}_PELICAN_${key}`),
    ]),
  ];
}

function listOf(config: CondorConfig, name: string): readonly string[] {
  try {
    return config.list(name) ?? [];
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    // Whoever reads the list for its names tells why.
    return [];
  }
}
