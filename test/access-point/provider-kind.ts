import type { Pool } from './pool.ts';

/** How credd sorts a service before a submit. */
export type ProviderKind = 'local' | 'client' | 'oauth2' | 'vault' | 'unknown';

/** Explicit lists first, in this order; then `<P>_CLIENT_ID` under an empty or `*` list; then vault; else unknown. */
export function providerKind(pool: Pool, service: string): ProviderKind {
  const { localProviders, clientProviders, oauthProviders, vaultProviders, webClients } = pool;
  if (localNames(pool).includes(service)) return 'local';
  if (clientProviders.includes(service)) return 'client';
  if (oauthProviders.includes(service)) return 'oauth2';
  if (vaultProviders.includes(service)) return 'vault';
  const hasClient = Object.hasOwn(webClients, service);
  if ((oauthProviders.length === 0 || oauthProviders.includes('*')) && hasClient) return 'oauth2';
  if (vaultProviders.includes('*') && !hasClient) return 'vault';
  return localProviders.length === 0 && service === 'scitokens' ? 'local' : 'unknown';
}

/** The local names; `scitokens` when nothing is set. */
export function localNames({ localProviders }: Pool): readonly string[] {
  return localProviders.length === 0 ? ['scitokens'] : localProviders;
}

/**
 * True when an ADD of this service is stored as `.top`. Recorded on 25.14.0: a name of no configured provider is stored
 * as `.top` as well while the OAuth list is `*`.
 */
export function isStoredAsTop(pool: Pool, service: string): boolean {
  return providerKind(pool, service) !== 'unknown' || pool.oauthProviders.includes('*');
}
