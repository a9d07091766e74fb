import type { LocalProvider } from '../settings.ts';
import type { CondorConfig } from './condor-config.ts';
import { CREDMON_DEFAULTS, RANGES } from './defaults.ts';
import type { KeyReader } from './key-reader.ts';

/** One local issuer: each value from `LOCAL_CREDMON_<P>_<K>`, else `LOCAL_CREDMON_<K>`, else the default. */
export function readLocalProvider(name: string, read: KeyReader, config: CondorConfig): LocalProvider {
  const names = (key: string): readonly string[] => [`LOCAL_CREDMON_${name}_${key}`, `LOCAL_CREDMON_${key}`];
  return {
    mode: 'local',
    name,
    privateKeyFile: read.path(...names('PRIVATE_KEY')) ?? CREDMON_DEFAULTS.privateKeyFile,
    publicKeyFile: publicKeyFile(name, read),
    keyAlgorithm:
      read.choice(['ES256', 'RS256', 'EdDSA'], ...names('PRIVATE_KEY_ALGORITHM')) ??
      CREDMON_DEFAULTS.keyAlgorithm,
    keyId: read.text(...names('KEY_ID')) ?? CREDMON_DEFAULTS.keyId,
    issuer: read.text(...names('ISSUER')) ?? defaultIssuer(read),
    authzTemplate: read.text(...names('AUTHZ_TEMPLATE')) ?? CREDMON_DEFAULTS.authzTemplate,
    authzTemplateExpression: read.text(...names('AUTHZ_TEMPLATE_EXPR')),
    groupTemplate: read.text(...names('AUTHZ_GROUP_TEMPLATE')),
    groupMapFile: read.path(...names('AUTHZ_GROUP_MAPFILE')),
    groupRequirement: read.text(...names('AUTHZ_GROUP_REQUIREMENT')),
    lifetimeSeconds:
      read.integer(RANGES.lifetime, ...names('TOKEN_LIFETIME')) ?? CREDMON_DEFAULTS.localLifetimeSeconds,
    format: (read.boolean(...names('TOKEN_USE_JSON')) ?? true) ? 'json' : 'bare',
    audience: wordsOf(read.text(...names('TOKEN_AUDIENCE'))),
    version: versionOf(read, config, names('TOKEN_VERSION')),
  };
}

/** `https://` and the machine's full name. */
export function defaultIssuer(read: KeyReader): string {
  return `https://${read.text('FULL_HOSTNAME') ?? read.text('HOSTNAME') ?? 'localhost'}`;
}

/** Separated by blanks, as upstream; commas may be part of an audience. */
export function wordsOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}

/** Given as nothing it means a token without version; not given, the default. */
function versionOf(read: KeyReader, config: CondorConfig, names: readonly string[]): string {
  for (const name of names) {
    const text = read.text(name);
    if (text !== undefined) return text;
    if (config.isEmpty(name)) return '';
  }
  return CREDMON_DEFAULTS.version;
}

/** Where the public half goes when the key is made: beside a private key of its own it must be named too. */
function publicKeyFile(name: string, read: KeyReader): string | undefined {
  const own = read.path(`LOCAL_CREDMON_${name}_PUBLIC_KEY`);
  if (own !== undefined || read.path(`LOCAL_CREDMON_${name}_PRIVATE_KEY`) !== undefined) return own;
  return read.path('LOCAL_CREDMON_PUBLIC_KEY') ?? CREDMON_DEFAULTS.publicKeyFile;
}
