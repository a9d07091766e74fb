import type { CredentialId, StoredCredential } from '../../repository/index.ts';
import type { CredentialInfo } from '../wire/credential-info.ts';
import { encodeResponse } from '../wire/response.ts';
import { credentialIdOf, type Operation } from './operation.ts';
import { refusal } from './refusal.ts';

const MAX_LISTED = 1_000;

/** INFO (`myproxy-info`): describes the credentials of a username that the client itself has stored. */
export async function info(operation: Operation): Promise<void> {
  const { service, request, client, wire } = operation;
  const found: CredentialInfo[] = [];
  for await (const credential of service.store.list(request.username)) {
    operation.signal.throwIfAborted();
    if (credential.owner !== client.dn) continue;
    if (request.credentialName !== undefined && credential.name !== request.credentialName) continue;
    const described = describe(operation, credential);
    if (described === undefined) continue;
    // The default credential comes first on the wire, wherever it is in the directory.
    if (described.name === undefined) found.unshift(described);
    else found.push(described);
    if (found.length >= MAX_LISTED) break;
  }
  if (found.length === 0) {
    throw refusal(noCredentialsLines({ id: credentialIdOf(request), dn: client.dn }));
  }
  operation.notes.owner = client.dn;
  await wire.write(encodeResponse({ status: 'ok', credentials: found })).catch(() => {});
}

/** What a client is told that owns none of the credentials it asks about. */
export function noCredentialsLines({ id, dn }: { readonly id: CredentialId; readonly dn: string }): string[] {
  const name = id.name === undefined ? '' : ` with name ${id.name}`;
  // The comma after the username is doubled when a name is given: the C server's text.
  const comma = id.name === undefined ? ',' : ', ,';
  return [`no credentials found${name} for user ${id.username}${comma} owner "${dn}"`];
}

function describe({ service, log }: Operation, credential: StoredCredential): CredentialInfo | undefined {
  try {
    const { startTime, endTime } = service.chains.open(credential);
    const { name, description, owner, lockMessage } = credential;
    const { retrievers, keyRetrievers, trustedRetrievers, renewers } = credential;
    const optional = {
      name,
      description,
      retrievers,
      keyRetrievers,
      trustedRetrievers,
      renewers,
      lockMessage,
    };
    const present = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
    return { startTime, endTime, owner, ...present };
  } catch (error) {
    const which = `"${credential.username}", credname "${credential.name ?? ''}"`;
    const why = error instanceof Error ? error.message : String(error);
    log('error', `failed to retrieve credentials for username ${which}: ${why}`);
    return undefined;
  }
}
