import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credential } from '../../keeper/index.ts';
import { isLatchkeyError, LatchkeyError, LruCache, Secret } from '../../kit/index.ts';
import type { CredentialDirectory } from '../directory.ts';
import { inUserDirectory } from '../directory-files.ts';
import { textMember } from '../json-file.ts';
import { timesOf } from '../lease-held.ts';
import type { VaultProvider } from '../settings.ts';
import { parseTop, type TopFile } from '../top-file.ts';
import { formatUse } from '../use-file.ts';
import { originOf } from './client-registration.ts';
import type { CredmonSource, Request } from './source-table.ts';

/** What a source of this mode needs from around it. */
export interface VaultSurroundings {
  readonly directory: CredentialDirectory;
  readonly requestTimeoutSeconds: number;
  now(): Date;
  /** In the place of our own bounded `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

const MAX_CA_FILES = 1000;
const CA_CACHE_MS = 600_000;
const caCache = new LruCache<string, Promise<string | undefined>>(20, CA_CACHE_MS);

/** Bearer tokens that a Vault keeps fresh: `.top` has its address and our token there. */
export function createVaultSource(
  provider: VaultProvider,
  request: Request,
  around: VaultSurroundings,
): CredmonSource {
  const { user, stem } = request;
  return {
    authority: originOf(memberOf(readTop(around.directory, user, stem), 'vault_url')) ?? provider.name,
    isLocal: false,
    renewAfterSeconds: provider.refreshSeconds,
    async obtain(_lease, signal): Promise<Credential> {
      const top = readTop(around.directory, user, stem);
      const url = memberOf(top, 'vault_url');
      const vaultToken = memberOf(top, 'vault_token') ?? parentToken(around.directory, user, stem);
      if (url === undefined || vaultToken === undefined) throw incomplete(user, stem, url);
      const { fetchVaultToken } = await import('../../oauth/index.ts');
      try {
        const { accessToken, expiresAt } = await fetchVaultToken({
          url,
          vaultToken: new Secret(vaultToken),
          minimumSeconds: provider.minimumSeconds,
          scopes: top?.kind === 'json' ? top.scopes : undefined,
          audience: top?.kind === 'json' ? top.audience : undefined,
          ca: await authorities(provider),
          trustedHosts: provider.trustedHosts,
          timeoutMs: around.requestTimeoutSeconds * 1000,
          signal,
          fetch: around.fetch,
        });
        const now = around.now();
        const { id, subject, scope } = timesOf(accessToken.reveal());
        return {
          kind: 'token',
          subject,
          scope,
          id,
          issuedAt: now,
          expiresAt: expiresAt ?? new Date(now.getTime() + provider.minimumSeconds * 1000),
          bytes: formatUse({ accessToken }, 'bare'),
        };
      } catch (error) {
        // As upstream: otherwise a Vault token that has ended is shown to the server for ever.
        if (isLatchkeyError(error, 'oauth/vault-denied')) removeBoth(around.directory, user, stem);
        throw error;
      }
    },
  };
}

function readTop(directory: CredentialDirectory, user: string, stem: string): TopFile | undefined {
  const file = inUserDirectory(directory, user, (opened) => opened.read(`${stem}.top`));
  return file === undefined ? undefined : parseTop(file.bytes.toString('utf8'));
}

/** The file of a handle has no token of its own: it borrows the one of the name before its last underscore. */
function parentToken(directory: CredentialDirectory, user: string, stem: string): string | undefined {
  const end = stem.lastIndexOf('_');
  return end < 1 ? undefined : memberOf(readTop(directory, user, stem.slice(0, end)), 'vault_token');
}

function memberOf(top: TopFile | undefined, name: string): string | undefined {
  return top?.kind === 'json' ? textMember(top.members, name) : undefined;
}

function removeBoth(directory: CredentialDirectory, user: string, stem: string): void {
  inUserDirectory(directory, user, (opened) => {
    opened.remove(`${stem}.top`);
    opened.remove(`${stem}.use`);
  });
}

function incomplete(user: string, stem: string, url: string | undefined): LatchkeyError {
  const what = url === undefined ? 'vault_url' : 'vault_token';
  return new LatchkeyError('credmon/file-malformed', `${user}/${stem}.top has no ${what}`, {
    hint: 'submit again: condor_submit stores it (or is it root’s, and the monitor is not?)',
  });
}

/** The certificates of `AUTH_SSL_CLIENT_CAFILE` and `AUTH_SSL_CLIENT_CADIR`, besides the machine's. */
async function authorities({ caFile, caDirectory }: VaultProvider): Promise<string | undefined> {
  const key = JSON.stringify([caFile, caDirectory]);
  const known = caCache.get(key) ?? readAuthorities(caFile, caDirectory);
  caCache.set(key, known);
  return await known;
}

async function readAuthorities(
  file: string | undefined,
  directory: string | undefined,
): Promise<string | undefined> {
  const paths = file === undefined ? [] : [file];
  if (directory !== undefined) {
    const names = await readdir(directory).catch(() => []);
    const certificates = names.filter((name) => /\.(\d|pem|crt)$/.test(name)).slice(0, MAX_CA_FILES);
    paths.push(...certificates.map((name) => join(directory, name)));
  }
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
  const pem = texts.filter((text) => text.includes('BEGIN CERTIFICATE')).join('\n');
  return pem === '' ? undefined : pem;
}
