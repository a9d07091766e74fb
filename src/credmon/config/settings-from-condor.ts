import { LatchkeyError, quote } from '../../kit/index.ts';
import { isProviderName } from '../name.ts';
import type { CredmonSettings, Provider } from '../settings.ts';
import { assembleSettings } from '../settings-parts.ts';
import { checkSettings } from './check-settings.ts';
import type { CondorConfig } from './condor-config.ts';
import { CREDMON_DEFAULTS, RANGES } from './defaults.ts';
import type { ConfigFinding } from './finding.ts';
import { isEndpoint, type KeyReader, keyReader } from './key-reader.ts';
import { defaultIssuer, readLocalProvider } from './local-provider.ts';
import { logSettings } from './log-settings.ts';
import { misspeltKeys } from './misspelt-keys.ts';
import { readTold } from './read-told.ts';
import { readWebPage } from './read-web-page.ts';
import {
  readClientProvider,
  readOAuthProvider,
  readPelicanProvider,
  readVaultProvider,
} from './remote-providers.ts';

/** How {@link settingsFromCondor} reads. */
export interface CondorSettingsOptions {
  /** `-n`: the daemon's name, with `<NAME>_LOG`, `<NAME>_DEBUG`; default: the subsystem the configuration was read for. */
  readonly name?: string | undefined;
  /** `-c`: the credential directory, whatever the configuration says. */
  readonly directory?: string | undefined;
  /** Only these modes are served: `condor_credmon_vault` has `['vault']`. Default: all. */
  readonly modes?: readonly Provider['mode'][] | undefined;
}

/**
 * The settings of a monitor as HTCondor's configuration says them. One provider that cannot work is a finding, and its tokens
 * fail with the reason; the others are served.
 *
 * @throws LatchkeyError `config/invalid` for what makes a monitor hopeless (exit 99): no directory, names that are not allowed
 */
export function settingsFromCondor(
  config: CondorConfig,
  options: CondorSettingsOptions = {},
): CredmonSettings {
  const findings: ConfigFinding[] = [...config.findings, ...misspeltKeys(config)];
  const read = keyReader(config, findings);
  const name = options.name ?? config.scope.subsystem;
  const directory =
    options.directory ?? read.path('SEC_CREDENTIAL_DIRECTORY_OAUTH', 'SEC_CREDENTIAL_DIRECTORY');
  if (directory === undefined)
    throw new LatchkeyError(
      'config/invalid',
      'SEC_CREDENTIAL_DIRECTORY_OAUTH is not set to an absolute path',
      {
        hint: 'use feature : OAUTH sets it, to /var/lib/condor/oauth_credentials',
      },
    );
  const allowSpecialNames = read.boolean('CREDMON_ALLOW_SPECIAL_CHAR_NAMES') ?? false;
  const { providers, wildcard } = readProviders(config, read, allowSpecialNames, options.modes);
  if (read.boolean('LOCAL_CREDMON_KRB_MODE') === true)
    read.note(
      'warning',
      'config/value',
      'LOCAL_CREDMON_KRB_MODE has no effect: Kerberos directories are not served',
      'LOCAL_CREDMON_KRB_MODE',
    );
  const stateDirectory = read.path('LATCHKEY_CREDMON_STATE');
  const settings = assembleSettings({
    name,
    directory,
    log: logSettings(name, read),
    stateDirectory,
    webPrefix: webPrefix(read),
    web: readWebPage(read),
    told: readTold(read),
    allowSpecialNames,
    sandboxRefreshSeconds:
      read.integer(RANGES.seconds, 'SEC_CREDENTIAL_REFRESH') ?? CREDMON_DEFAULTS.sandboxRefreshSeconds,
    scanSeconds: read.integer(RANGES.scan, 'LATCHKEY_CREDMON_SCAN') ?? CREDMON_DEFAULTS.scanSeconds,
    maxParallelRequests:
      read.integer(RANGES.parallel, 'LATCHKEY_CREDMON_PARALLEL') ?? CREDMON_DEFAULTS.maxParallelRequests,
    requestTimeoutSeconds:
      read.integer(RANGES.timeout, 'LATCHKEY_CREDMON_TIMEOUT') ?? CREDMON_DEFAULTS.requestTimeoutSeconds,
    sealRefreshTokens: read.boolean('LATCHKEY_CREDMON_SEAL') ?? stateDirectory !== undefined,
    providers,
    wildcard,
    findings,
  });
  return { ...settings, findings: [...settings.findings, ...checkSettings(settings)] };
}

const LISTS = {
  local: ['LOCAL_CREDMON_PROVIDER_NAMES', 'LOCAL_CREDMON_PROVIDER_NAME'],
  client: ['CLIENT_CREDMON_PROVIDER_NAMES'],
  oauth: ['OAUTH2_CREDMON_PROVIDER_NAMES'],
  vault: ['VAULT_CREDMON_PROVIDER_NAMES'],
  pelican: ['PELICAN_CREDMON_PROVIDER_NAMES'],
} as const;

interface Providers {
  readonly providers: readonly Provider[];
  readonly wildcard: (name: string) => Provider | undefined;
}

/**
 * Sorts names as credd does: explicit lists in the order local, client, OAuth, Vault, Pelican; then OAuth for names with a
 * client id, then Vault, while their lists are `*` or not given.
 */
function readProviders(
  config: CondorConfig,
  read: KeyReader,
  allowSpecialNames: boolean,
  modes: readonly Provider['mode'][] | undefined,
): Providers {
  const isServed = (mode: Provider['mode']): boolean => modes?.includes(mode) ?? true;
  const wrong: string[] = [];
  const named = (mode: Provider['mode'], otherwise: readonly string[]): readonly string[] => {
    const given = read.list(...LISTS[mode]) ?? otherwise;
    for (const one of given) {
      const isWildcard = one === '*' && (mode === 'oauth' || mode === 'vault');
      if (!isWildcard && !isProviderName(one, { allowSpecialNames }))
        wrong.push(`${quote(one, 60)} in ${LISTS[mode][0]}`);
    }
    return given;
  };
  const local = named('local', [CREDMON_DEFAULTS.localProvider]);
  const client = named('client', []);
  const oauth = named('oauth', ['*']);
  const vault = named('vault', ['*']);
  const pelican = named('pelican', []);
  if (wrong.length > 0)
    throw new LatchkeyError('config/invalid', `names of providers that cannot be used: ${wrong.join(', ')}`, {
      hint: allowSpecialNames
        ? 'letters, digits and + - = _ . are allowed, and no leading dot or final _'
        : 'letters, digits and - are allowed; others with CREDMON_ALLOW_SPECIAL_CHAR_NAMES = True, and then without handles',
    });
  const readOne: Readonly<Record<Provider['mode'], (name: string) => Provider | undefined>> = {
    local: (name) => readLocalProvider(name, read, config),
    client: (name) => readClientProvider(name, read),
    oauth: (name) => readOAuthProvider(name, read),
    vault: (name) => readVaultProvider(name, read),
    pelican: (name) => readPelicanProvider(name, read),
  };
  const order = [
    ['local', local],
    ['client', client],
    ['oauth', oauth],
    ['vault', vault],
    ['pelican', pelican],
  ] as const;
  const elsewhere = new Set(order.flatMap(([, names]) => names));
  const unlisted = oauth.includes('*') ? namesWithClient(config, elsewhere, allowSpecialNames) : [];
  const providers = order.flatMap(([mode, names]) =>
    [...names, ...(mode === 'oauth' ? unlisted : [])]
      .filter((one) => one !== '*' && isServed(mode))
      .map((one) => readOne[mode](one) ?? withoutClient(read, mode, one))
      .filter((provider) => provider !== undefined),
  );
  return {
    providers,
    wildcard: (name) => {
      if (elsewhere.has(name) || !isProviderName(name, { allowSpecialNames })) return undefined;
      const found = oauth.includes('*') ? readOAuthProvider(name, silent(config)) : undefined;
      if (found !== undefined) return isServed('oauth') ? found : undefined;
      const isClient = config.text(`${name}_CLIENT_ID`) !== undefined;
      const isVault = vault.includes('*') && !isClient && name !== CREDMON_DEFAULTS.localProvider;
      return isVault && isServed('vault') ? readVaultProvider(name, silent(config)) : undefined;
    },
  };
}

/**
 * Names that no list has and that have a client id, so that they can be told and looked at before anybody asks for them. Keys do
 * not know capitals, so these names are in small letters, as users write them; in other letters they are served all the same.
 */
function namesWithClient(
  config: CondorConfig,
  elsewhere: ReadonlySet<string>,
  allowSpecialNames: boolean,
): readonly string[] {
  const listed = new Set([...elsewhere].map((name) => name.toLowerCase()));
  const names = config.names.flatMap((key) => {
    const [, name] = /^(?!client_credmon_)(.+)_client_id$/.exec(key.toLowerCase()) ?? [];
    if (name === undefined || listed.has(name) || !isProviderName(name, { allowSpecialNames })) return [];
    return config.text(`${name}_CLIENT_ID`) === undefined ? [] : [name];
  });
  return [...new Set(names)].sort();
}

/** Findings of names that come up later were made at start, for the keys that are there. */
function silent(config: CondorConfig): KeyReader {
  return keyReader(config, []);
}

function withoutClient(read: KeyReader, mode: Provider['mode'], name: string): undefined {
  const key = mode === 'client' ? `CLIENT_CREDMON_${name}_CLIENT_ID` : `${name}_CLIENT_ID`;
  const message = `the provider ${name} is in ${LISTS[mode][0]}, but ${key} is not set: its tokens are left alone`;
  read.note('error', 'config/client-missing', message, key);
  return undefined;
}

function webPrefix(read: KeyReader): string {
  const found = read.value('CREDMON_WEB_PREFIX');
  if (found === undefined) return defaultIssuer(read);
  if (!isEndpoint(found.text)) {
    const message = `CREDMON_WEB_PREFIX: expected an https URL, but it is ${quote(found.text, 80)}`;
    read.note(
      'error',
      'config/value',
      message,
      found,
      'users are sent to this address, and providers back to it',
    );
  }
  return found.text.replace(/\/+$/, '');
}
