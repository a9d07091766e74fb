import type { Lease } from '../../keeper/index.ts';
import type { Secret } from '../../kit/index.ts';
import { inUserDirectory } from '../directory-files.ts';
import { readLeaseId } from '../lease-name.ts';
import type { LocalProvider } from '../settings.ts';
import { createClientSource } from './client-source.ts';
import { createLocalSource } from './local-source.ts';
import { createOAuthSource, type OAuthSurroundings } from './oauth-source.ts';
import { createPelicanSource } from './pelican-source.ts';
import type { CredmonSource, SourceMaker } from './source-table.ts';
import { createVaultSource } from './vault-source.ts';

/** What sources of all modes need from around them. */
export type ProviderSurroundings = OAuthSurroundings;

/** Makes the sources of all modes. What needs the network is loaded with the first request for it. */
export function createProviderSources(around: ProviderSurroundings): SourceMaker {
  const local = new Map<LocalProvider, CredmonSource>();
  const deliverEmpty = (lease: Lease, bytes: Secret): void => {
    const { user, stem } = readLeaseId(lease.id);
    inUserDirectory(around.directory, user, (opened) => opened.write(`${stem}.use`, bytes.reveal()));
  };
  return (provider, request) => {
    switch (provider.mode) {
      case 'local': {
        // One for all users: it knows nothing of any of them.
        const source =
          local.get(provider) ??
          createLocalSource(provider, { now: around.now, warn: around.warn, deliverEmpty });
        local.set(provider, source);
        return source;
      }
      case 'oauth':
        return createOAuthSource(provider, request, around);
      case 'client':
        return createClientSource(provider, request, around);
      case 'vault':
        return createVaultSource(provider, request, around);
      case 'pelican':
        return createPelicanSource(provider, request, around);
    }
  };
}
