import { nearestName } from '../../kit/index.ts';
import type { CondorConfig } from './condor-config.ts';
import type { ConfigFinding } from './finding.ts';
import { knownKeys } from './known-keys.ts';
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
    const origin = config.origin(name);
    // Other parts of HTCondor have keys that begin alike: only what is nearly one of ours, and was written by somebody, is told.
    if (near === undefined || origin === undefined || origin.file === '<default>') continue;
    findings.push({
      severity: 'warning',
      code: 'config/key-unknown',
      message: `nobody reads the key ${name}: did you mean ${near}?`,
      key: name,
      origin: describeOrigin(origin),
    });
  }
  return findings;
}
