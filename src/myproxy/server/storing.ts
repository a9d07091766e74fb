import type { Secret } from '../../kit/index.ts';
import {
  checkAcceptedMapping,
  checkStoredLifetime,
  decideStore,
  type StoredCredential,
} from '../../repository/index.ts';
import { type Certificate, identityOf, namesEqual } from '../../x509/index.ts';
import { explainPath } from './explain-path.ts';
import { opensslWords } from './openssl-words.ts';
import { credentialIdOf, type Operation } from './operation.ts';
import { refusal } from './refusal.ts';

/** How often storing is tried anew when others store under the same name at the same time. */
const MAX_TRIES = 5;

/** PUT and STORE, before anything is received: mapping, accepted_credentials, ownership of what is stored now. */
export async function authorizeStore(operation: Operation): Promise<void> {
  const { service, request, client, signal } = operation;
  const { acceptedMapFile: file, acceptedMapProgram: program } = service.policy;
  const mapping = await checkAcceptedMapping(client.dn, request.username, { file, program, signal });
  const credential = await service.store.read(credentialIdOf(request));
  checkOwnership(operation, credential, mapping);
  operation.notes.owner = client.dn;
}

/** @throws LatchkeyError with refusal lines when a chain about to be stored is not valid, or valid for too long */
export function checkChain({ service }: Operation, chain: readonly Certificate[]): void {
  const now = service.clock.now();
  const report = service.chains.validatePath(chain, service.trust, now);
  if (!report.ok || report.expires === undefined) {
    throw refusal([
      'Credentials are not valid.',
      `X509_verify_cert() failed: ${opensslWords(report) ?? 'no certificate'}`,
      ...explainPath(report),
    ]);
  }
  const [said, found] = [identityOf(chain), report.identity];
  if (said === undefined || found === undefined || !namesEqual(said, found)) {
    // Whom a chain speaks for is told by its order wherever it is shown later.
    throw refusal(['Credentials are not valid.', 'the certificates are not in order, leaf first']);
  }
  const lines = checkStoredLifetime(report.expires, service.policy.maxCredentialLifetimeSeconds, now);
  if (lines.length > 0) throw refusal(lines, undefined, 'repository/lifetime');
}

/**
 * Stores the credential under the request's name. Whose it is is looked at again, as time has passed, and once more
 * when somebody else was quicker. An administrator's lock stays (the C server lets the owner unlock by storing again).
 */
export async function storeCredential(operation: Operation, pem: Secret): Promise<void> {
  const { service, request, client } = operation;
  const id = credentialIdOf(request);
  const credential: StoredCredential = {
    ...id,
    owner: client.dn,
    maxLifetimeSeconds: request.lifetimeSeconds,
    description: request.credentialDescription,
    retrievers: request.retrievers,
    keyRetrievers: request.keyRetrievers,
    trustedRetrievers: request.trustedRetrievers,
    renewers: request.renewers,
    pem,
  };
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const before = await service.store.read(id);
    checkOwnership(operation, before, []);
    if (await service.store.write(credential, { replacing: before ?? 'nothing' })) return;
  }
  throw refusal(['Unable to store credentials.', 'others are storing under the same name at the same time']);
}

function checkOwnership(
  { service, request, client }: Operation,
  credential: StoredCredential | undefined,
  mapping: readonly string[],
): void {
  const decision = decideStore({
    command: request.command === 'STORE' ? 'STORE' : 'PUT',
    id: credentialIdOf(request),
    client,
    policy: service.policy.access,
    credential,
    mapping,
  });
  if (!decision.allowed) throw refusal(decision.lines);
}
