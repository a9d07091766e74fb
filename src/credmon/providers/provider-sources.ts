import type { Lease } from '../../keeper/index.ts';
import type { Secret } from '../../kit/index.ts';
import type { CredentialDirectory } from '../directory.ts';
import { inUserDirectory } from '../directory-files.ts';
import { readLeaseId } from '../lease-name.ts';
import type { CredmonSettings, LocalProvider } from '../settings.ts';
import { createLocalSource } from './local-source.ts';
import type { CredmonSource, SourceMaker } from './source-table.ts';

/** What sources need from around them. */
export interface ProviderSurroundings {
  readonly directory: CredentialDirectory;
  readonly settings: CredmonSettings;
  now(): Date;
}

/** Makes the sources of all modes. What needs the network is loaded with the first request for it. */
export function createProviderSources(around: ProviderSurroundings): SourceMaker {
  const local = new Map<LocalProvider, CredmonSource>();
  const deliverEmpty = (lease: Lease, bytes: Secret): void => {
    const { user, stem } = readLeaseId(lease.id);
    inUserDirectory(around.directory, user, (opened) => opened.write(`${stem}.use`, bytes.reveal()));
  };
  return (provider) => {
    if (provider.mode !== 'local') throw new TypeError(`${provider.mode}: being written`);
    const source = local.get(provider) ?? createLocalSource(provider, { now: around.now, deliverEmpty });
    local.set(provider, source);
    return source;
  };
}
