import type { CredmonSettings, LocalProvider } from '../../credmon/index.ts';
import { LruCache, systemClock } from '../../kit/index.ts';
import { loadSigningKeys, type PublishedKey, publicDocuments } from '../../tokens/index.ts';
import type { Publication } from '../../web/index.ts';

/** Key files are looked at again after this time. */
const KEPT_MS = 60_000;
/** Upstream's name of the key document. */
const UPSTREAM_JWKS = '/.well-known/jwks-uri';

/** What the local issuers of the settings publish, by path. Issuers of several providers share their documents. */
export function issuerPublication(
  settings: () => Pick<CredmonSettings, 'namedProviders'>,
  log: (line: string) => void,
  clock = systemClock,
): Publication {
  const cache = new LruCache<'all', Promise<ReadonlyMap<string, object>>>(1, KEPT_MS, clock);
  return {
    async document(path) {
      let documents = cache.get('all');
      if (documents === undefined) {
        const local = settings().namedProviders.filter((provider) => provider.mode === 'local');
        documents = allDocuments(local, clock.now(), log);
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
      known.push(...found.filter((key) => known.every((other) => other.keyId !== key.keyId)));
      keys.set(issuer, known);
    } catch (error) {
      log(`keys of ${name} are not published: ${error instanceof Error ? error.message : 'unreadable'}`);
    }
  }
  const documents = new Map<string, object>();
  for (const [issuer, published] of keys) {
    try {
      const { openidConfiguration, oauthAuthorizationServer, jwks } = publicDocuments(issuer, published);
      for (const { path, content } of [openidConfiguration, oauthAuthorizationServer, jwks])
        documents.set(path, content);
      const upstream = `${new URL(issuer).pathname.replace(/\/$/, '')}${UPSTREAM_JWKS}`;
      documents.set(upstream, jwks.content);
    } catch (error) {
      log(`the issuer ${issuer} is not published: ${error instanceof Error ? error.message : 'unusable'}`);
    }
  }
  return documents;
}
