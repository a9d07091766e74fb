import type { CredmonSettings, LocalProvider } from '../../credmon/index.ts';
import { LruCache, quote, systemClock } from '../../kit/index.ts';
import { loadSigningKeys, type PublishedKey, publicDocuments } from '../../tokens/index.ts';
import type { Publication } from '../../web/index.ts';

/** Key files are looked at again after this time. */
const KEPT_MS = 60_000;
/** Upstream's name of the key document. */
const UPSTREAM_JWKS = '/.well-known/jwks-uri';

/**
 * What the local issuers of the settings publish, by path. Issuers of several providers share their documents; of two
 * issuers with the same path on different hosts, only one can be published here: that of the page's own host.
 */
export function issuerPublication(
  settings: () => Pick<CredmonSettings, 'namedProviders' | 'webPrefix'>,
  log: (line: string) => void,
  clock = systemClock,
): Publication {
  const cache = new LruCache<'all', Promise<ReadonlyMap<string, object>>>(1, KEPT_MS, clock);
  return {
    async document(path) {
      let documents = cache.get('all');
      if (documents === undefined) {
        const { namedProviders, webPrefix } = settings();
        const local = namedProviders.filter((provider) => provider.mode === 'local');
        const isOurs = ({ issuer }: LocalProvider): boolean => originOf(issuer) === originOf(webPrefix);
        const inOrder = [...local.filter(isOurs), ...local.filter((provider) => !isOurs(provider))];
        documents = allDocuments(inOrder, clock.now(), log);
        cache.set('all', documents);
      }
      return (await documents).get(path);
    },
  };
}

async function allDocuments(
  providers: readonly LocalProvider[],
  now: Date,
  log: (line: string) => void,
): Promise<ReadonlyMap<string, object>> {
  const keys = new Map<string, PublishedKey[]>();
  for (const { name, issuer, privateKeyFile, keyId } of providers) {
    try {
      const found = (await loadSigningKeys(privateKeyFile, { keyId, onOpenToOthers: () => {} })).published(
        now,
      );
      const known = keys.get(issuer) ?? [];
      for (const key of found) {
        const twin = known.find(({ keyId: id }) => id === key.keyId);
        if (twin === undefined) known.push(key);
        else if (!isSameKey(twin, key))
          log(
            `a key of ${name} is not published: another one of ${issuer} has the name ${quote(key.keyId)} too; give each its own`,
          );
      }
      keys.set(issuer, known);
    } catch (error) {
      log(`keys of ${name} are not published: ${error instanceof Error ? error.message : 'unreadable'}`);
    }
  }
  const documents = new Map<string, object>();
  const owners = new Map<string, string>();
  for (const [issuer, published] of keys) {
    try {
      const { openidConfiguration, oauthAuthorizationServer, jwks } = publicDocuments(issuer, published);
      const upstream = `${new URL(issuer).pathname.replace(/\/$/, '')}${UPSTREAM_JWKS}`;
      const own = [openidConfiguration, oauthAuthorizationServer, jwks, { ...jwks, path: upstream }];
      const first = own.map(({ path }) => owners.get(path)).find((owner) => owner !== undefined);
      if (first !== undefined) {
        log(`the issuer ${issuer} is not published: ${first} has the same path`);
        continue;
      }
      for (const { path, content } of own) {
        documents.set(path, content);
        owners.set(path, issuer);
      }
    } catch (error) {
      log(`the issuer ${issuer} is not published: ${error instanceof Error ? error.message : 'unusable'}`);
    }
  }
  return documents;
}

function isSameKey(one: PublishedKey, other: PublishedKey): boolean {
  const [a, b] = [one, other].map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'der' }));
  return a !== undefined && b !== undefined && a.equals(b);
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}
