import type { ConfigFinding } from './config/finding.ts';
import type { CredmonSettings, Provider } from './settings.ts';

/** What both ways of writing settings come down to. */
export interface SettingsParts extends Omit<CredmonSettings, 'providerOf' | 'namedProviders' | 'findings'> {
  /** In the order in which they win: local, client, oauth, vault, pelican. */
  readonly providers: readonly Provider[];
  /** The provider of a name that no list has; asked once for each name. */
  readonly wildcard?: ((name: string) => Provider | undefined) | undefined;
  readonly findings: readonly ConfigFinding[];
}

const MAX_REMEMBERED = 10_000;

/** Settings whose `providerOf` answers the same for ever. A name in several lists is served by the first, with a warning. */
export function assembleSettings({
  providers,
  wildcard,
  findings,
  ...plain
}: SettingsParts): CredmonSettings {
  const byName = new Map<string, Provider>();
  const doubled: ConfigFinding[] = [];
  for (const provider of providers) {
    const first = byName.get(provider.name);
    if (first === undefined) byName.set(provider.name, provider);
    else {
      const message = `the provider ${provider.name} is in two lists: it is served as ${first.mode}, not as ${provider.mode}`;
      doubled.push({ severity: 'warning', code: 'config/overlap', message });
    }
  }
  const remembered = new Map<string, Provider | undefined>();
  return {
    ...plain,
    providerOf: (name) => {
      const named = byName.get(name);
      if (named !== undefined || wildcard === undefined) return named;
      if (remembered.has(name)) return remembered.get(name);
      const provider = wildcard(name);
      // Names come from a directory that users can fill.
      if (remembered.size < MAX_REMEMBERED) remembered.set(name, provider);
      return provider;
    },
    namedProviders: [...byName.values()],
    findings: [...findings, ...doubled],
  };
}
