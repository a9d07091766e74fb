import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckAnswer, Credd } from './credd.ts';
import { type CredentialRequest, stemOf } from './credential-name.ts';
import type { Pool } from './pool.ts';
import { localNames, providerKind } from './provider-kind.ts';
import { formatRequestFile, type LoginAd } from './request-file.ts';
import { RefusedFile, readSecureFile, writeInPlace } from './secure-file.ts';

/**
 * CREDD_CHECK_CREDS: makes what can be made, compares what is there, and leaves a web request file for what a person
 * must do. A local token that is missing is waited for without end.
 */
export async function preSubmitCheck(
  credd: Credd,
  pool: Pool,
  user: string,
  requests: readonly CredentialRequest[],
  signal: AbortSignal,
): Promise<CheckAnswer> {
  credd.makeUserDirectory(user);
  const added: CredentialRequest[] = pool.addLocalProviders
    ? [...localNames(pool), ...pool.clientProviders].map((service) => ({ service }))
    : [];
  const made: string[] = [];
  const wanted: CredentialRequest[] = [];
  const asked = new Set(requests.map(({ service }) => service));
  for (const request of [...requests, ...added.filter(({ service }) => !asked.has(service))]) {
    const { service, handle = '', scopes = '', audience = '' } = request;
    const stem = stemOf(service, handle);
    switch (providerKind(pool, service)) {
      case 'local':
      case 'client': {
        if (handle !== '' || scopes !== '' || audience !== '') {
          return oauthError(`ERROR - ${service} takes no handle, scopes or audience`);
        }
        if (!existsSync(credd.path(user, `${stem}.use`))) made.push(stem);
        break;
      }
      case 'oauth2': {
        if (!existsSync(credd.path(user, `${stem}.top`))) {
          wanted.push(request);
          break;
        }
        const stored = credd.storedRequest(user, stem);
        if (stored === 'unreadable') return oauthError(`ERROR - ${stem}.top cannot be read`);
        // What is no JSON object is let through here.
        if (stored !== 'not-json' && (stored.scopes !== scopes || stored.audience !== audience)) {
          return oauthError(mismatchText(service, handle));
        }
        break;
      }
      case 'vault':
      case 'unknown':
        if (!existsSync(credd.path(user, `${stem}.top`)) && !existsSync(credd.path(user, `${stem}.use`))) {
          return oauthError(`ERROR - no credential ${stem} is stored`);
        }
    }
  }
  for (const stem of made) {
    // The content means nothing; recorded: the user's name and "@foo".
    credd.write(user, `${stem}.top`, `${user}@foo`);
    credd.wakeMonitor();
  }
  while (made.some((stem) => !existsSync(credd.path(user, `${stem}.use`)))) {
    await sleep(pool.paces.checkPollMs, undefined, { signal });
  }
  if (wanted.length === 0) return { type: 'ok' };
  return { type: 'visit', url: leaveRequestFile(pool, user, wanted) };
}

/** Writes `D/<64 hex>`: condor's, 0640, not atomic; ads without a handle come first. */
function leaveRequestFile(pool: Pool, user: string, wanted: readonly CredentialRequest[]): string {
  const key = randomBytes(32).toString('hex');
  const order = [...wanted].sort((a, b) => Number((a.handle ?? '') !== '') - Number((b.handle ?? '') !== ''));
  const { isRoot, condorUid, condorGid } = pool.identities;
  const file = { mode: 0o640, uid: condorUid, gid: condorGid, isRoot };
  const text = formatRequestFile(order.map((request) => loginAd(pool, user, request)));
  writeInPlace(join(pool.directory, key), text, file);
  pool.tell('credd', `wrote the request file ${key.slice(0, 8)}…`);
  return `${pool.webPrefix}/key/${key}`;
}

function loginAd(pool: Pool, user: string, request: CredentialRequest): LoginAd {
  const { service, handle = '', scopes = '', audience = '' } = request;
  const client = pool.webClients[service];
  return {
    Provider: service,
    LocalUser: user,
    Handle: handle,
    Scopes: scopes,
    Audience: audience,
    ClientId: client?.clientId ?? '',
    ClientSecret: client === undefined ? '' : clientSecret(pool, client.clientSecretFile),
    ReturnUrl: client === undefined ? '' : `${pool.webPrefix}${client.returnUrlSuffix}`,
    AuthorizationUrl: client?.authorizationUrl ?? '',
    TokenUrl: client?.tokenUrl ?? '',
  };
}

function clientSecret(pool: Pool, file: string): string {
  try {
    const bytes = readSecureFile(file, { owner: pool.identities.rootUid, private: true });
    const end = bytes.findIndex((byte) => byte <= 0x1f);
    return bytes.subarray(0, end < 0 ? undefined : end).toString('utf8');
  } catch (error) {
    if (error instanceof RefusedFile) return '';
    throw error;
  }
}

function oauthError(text: string): CheckAnswer {
  return { type: 'error', text: `OAuth error: ${text}` };
}

function mismatchText(service: string, handle: string): string {
  return [
    'ERROR - credentials exist that do not match the request.',
    'They can be removed with',
    `  condor_store_cred delete-oauth -s ${stemOf(service, handle)}`,
    'but make sure no other job is using them.',
  ].join('\n');
}
