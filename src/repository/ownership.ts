import {
  type AccessPolicy,
  ANONYMOUS_DN,
  admits,
  type ClientIdentity,
  type Decision,
  type DecisionStep,
} from './access-policy.ts';
import type { CredentialId, CredentialRecord } from './credential.ts';

/** What {@link decideStore} decides about. */
export interface StoreRequest {
  readonly command: 'PUT' | 'STORE' | 'DESTROY';
  readonly id: CredentialId;
  readonly client: ClientIdentity;
  readonly policy: Pick<AccessPolicy, 'acceptedCredentials'>;
  /** What is stored under that name now. */
  readonly credential: Pick<CredentialRecord, 'owner'> | undefined;
  /** Refusal lines of {@link checkAcceptedMapping}; absent or empty = the mapping has nothing against it. */
  readonly mapping?: readonly string[];
}

/** PUT, STORE and DESTROY: the mapping of DNs to user names, accepted_credentials, then ownership. */
export function decideStore(request: StoreRequest): Decision {
  const { client, policy, credential, mapping = [] } = request;
  const steps: DecisionStep[] = [];
  if (mapping.length > 0) {
    steps.push({ rule: 'accepted_credentials mapping', passed: false, explanation: mapping.join('; ') });
    return { allowed: false, lines: mapping, steps };
  }
  // The C server lets an expression that matches `<anonymous>` let them in; what they store would belong to every stranger.
  const isKnown = client.dn !== ANONYMOUS_DN;
  if (!isKnown)
    steps.push({ rule: 'client certificate', passed: false, explanation: 'whoever stores must own it' });
  if (!isKnown || !admits(steps, 'accepted_credentials', policy.acceptedCredentials, client)) {
    const line = `"${client.dn}" not authorized to store credentials on this server (accepted_credentials policy)`;
    return { allowed: false, lines: [line], steps };
  }
  if (credential !== undefined && !owns(client, credential, steps)) {
    return { allowed: false, lines: foreignOwner(request), steps };
  }
  return { allowed: true, lines: [], steps };
}

/** CHANGE: only the owner. What does not exist is nobody's. */
export function decideOwner(
  client: ClientIdentity,
  credential: Pick<CredentialRecord, 'owner'> | undefined,
): Decision {
  const steps: DecisionStep[] = [];
  const allowed = credential !== undefined && owns(client, credential, steps);
  return { allowed, lines: allowed ? [] : [`'${client.dn}' does not own the credentials`], steps };
}

/** TRUSTROOTS: the list authorized_retrievers alone. */
export function decideTrustRoots(
  client: ClientIdentity,
  policy: Pick<AccessPolicy, 'authorizedRetrievers'>,
): Decision {
  const steps: DecisionStep[] = [];
  const allowed = admits(steps, 'authorized_retrievers', policy.authorizedRetrievers, client);
  const lines = [
    `"${client.dn}" not authorized by server's authorized_retrievers policy`,
    `"${client.dn}" not authorized to retrieve credentials from this server (authorized_retrievers policy)`,
  ];
  return { allowed, lines: allowed ? [] : lines, steps };
}

function owns(
  client: ClientIdentity,
  credential: Pick<CredentialRecord, 'owner'>,
  steps: DecisionStep[],
): boolean {
  const passed = credential.owner === client.dn;
  const relation = passed ? 'and so is the client' : `and the client is "${client.dn}"`;
  steps.push({ rule: 'owner', passed, explanation: `the owner is "${credential.owner}", ${relation}` });
  return passed;
}

function foreignOwner({ command, id, client }: StoreRequest): readonly string[] {
  if (command === 'DESTROY') return [`Credentials not owned by "${client.dn}".`];
  return [
    `Credentials are already stored for user ${id.username}`,
    ...(id.name === undefined ? [] : [`and credential name "${id.name}"`]),
    'and they are not owned by',
    `"${client.dn}",`,
    'so you may not overwrite them.',
    'Please choose a different username or credential name or',
    'contact your myproxy-server administrator.',
  ];
}
