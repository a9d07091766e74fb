import { isLatchkeyError, nearestName } from '../../kit/index.ts';
import type { CondorConfig } from './condor-config.ts';
import { CREDMON_KEYS, OTHER_KEYS, OTHER_PROVIDER_KEYS } from './credmon-keys.ts';
import type { ConfigFinding } from './finding.ts';
import { describeOrigin } from './macro.ts';

/** Beginnings that only keys of credential monitors have. */
const FAMILIES =
  /^(LOCAL_CREDMON|CLIENT_CREDMON|OAUTH2_CREDMON|VAULT_CREDMON|PELICAN_CREDMON|LATCHKEY|CREDMON|SEC_CREDENTIAL)_/;
const MAX_FINDINGS = 50;

/**
 * Keys that look like a monitor's and that nobody reads: `LOCAL_CREDMON_ISSUR`. HTCondor says nothing about them. For names with a
 * `<P>_CLIENT_ID` the provider's other keys are looked at too.
 */
export function misspeltKeys(config: CondorConfig): readonly ConfigFinding[] {
  const subsystem = `${config.scope.subsystem}.`.toUpperCase();
  const names = config.names.map((name) => {
    const capitals = name.toUpperCase();
    return capitals.startsWith(subsystem) ? capitals.slice(subsystem.length) : capitals;
  });
  const known = new Set(knownKeys(config));
  const candidates = [...known];
  const clients = names.flatMap((name) => /^(?!CLIENT_CREDMON_)(.+)_CLIENT_ID$/.exec(name)?.[1] ?? []);
  const findings: ConfigFinding[] = [];
  for (const name of new Set(names)) {
    if (known.has(name) || findings.length >= MAX_FINDINGS) continue;
    const client = clients.find((one) => name.startsWith(`${one}_`));
    if (!FAMILIES.test(name) && client === undefined) continue;
    const near = nearestName(name, candidates);
    // A provider's name may begin names of other things: only what is nearly a key is told.
    if (near === undefined && client !== undefined) continue;
    const origin = config.origin(name);
    findings.push({
      severity: 'warning',
      code: 'config/key-unknown',
      message: `nobody reads the key ${name}${near === undefined ? '' : `: did you mean ${near}?`}`,
      key: name,
      origin: origin === undefined ? undefined : describeOrigin(origin),
    });
  }
  return findings;
}

function knownKeys(config: CondorConfig): string[] {
  const keys = Object.values(CREDMON_KEYS).flat();
  const capitals = config.names.map((name) => name.toUpperCase());
  const listed = capitals
    .filter((name) => /^\w+_CREDMON_PROVIDER_NAMES?$/.test(name))
    .flatMap((name) => listOf(config, name));
  const clients = capitals.flatMap((name) => /^(?:CLIENT_CREDMON_)?(.+)_CLIENT_ID$/.exec(name)?.[1] ?? []);
  const providers = new Set(['SCITOKENS', ...listed, ...clients].map((name) => name.toUpperCase()));
  const daemons = ['CREDMON_OAUTH', 'CREDMON_VAULT', 'CREDMON_KRB', config.scope.subsystem.toUpperCase()];
  return [
    ...OTHER_KEYS,
    ...keys.filter(({ key }) => !key.includes('<')).map(({ key }) => key),
    ...keys
      .filter(({ key }) => key.includes('<NAME>'))
      .flatMap(({ key }) => daemons.map((name) => key.replace('<NAME>', name))),
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
