import type { ClientIdentity, CredentialId } from '../../repository/index.ts';
import type { Request } from '../wire/request.ts';
import { encodeResponse } from '../wire/response.ts';
import type { Wire } from '../wire/wire.ts';
import type { AuditEntry } from './audit-entry.ts';
import type { LogLevel, MyProxyService } from './service.ts';

/** What an operation notes for the audit line while it goes on. */
export type AuditNotes = {
  -readonly [Key in 'credentialName' | 'owner' | 'by' | 'lifetimeSeconds' | 'why']?: AuditEntry[Key];
};

/** One request being served. */
export interface Operation {
  readonly wire: Wire;
  readonly service: MyProxyService;
  readonly signal: AbortSignal;
  readonly client: ClientIdentity;
  readonly request: Request;
  readonly reference: string;
  readonly notes: AuditNotes;
  /** Work to be done after the client has been served, such as sealing an old key anew. */
  readonly afterwards: (() => Promise<void>)[];
  log(level: LogLevel, line: string): void;
}

/** Serves one request; throws a refusal when it does not succeed. The final OK has been sent when it resolves. */
export type CommandHandler = (operation: Operation) => Promise<void>;

/** The credential a request is about. */
export function credentialIdOf({ username, credentialName }: Request): CredentialId {
  return credentialName === undefined ? { username } : { username, name: credentialName };
}

/** `VERSION=MYPROXYv2`, `RESPONSE=0`: the smallest answer. */
const OK = encodeOnce(() => encodeResponse({ status: 'ok' }));

/** Tells the client to go on, or that all went well. */
export function sendOk(operation: Operation): Promise<void> {
  return operation.wire.write(OK());
}

/** The last OK of a conversation: clients may close without waiting for it, which is no failure. */
export async function sendFinalOk(operation: Operation): Promise<void> {
  await sendOk(operation).catch(() => {});
}

/** The first OK of GET, RETRIEVE and TRUSTROOTS, with trust roots if the client wants them and there are some. */
export async function sendOkWithTrustRoots(operation: Operation): Promise<void> {
  const { service, request, client } = operation;
  if (!request.wantTrustRoots && request.command !== 'TRUSTROOTS') return sendOk(operation);
  if (service.trustRoots === undefined) {
    operation.log('warn', 'WARNING: client requested trusted certificates but cert_dir not configured');
    return sendOk(operation);
  }
  let answer: Buffer;
  try {
    answer = await service.trustRoots.answer(service.clock.now());
  } catch (error) {
    operation.log('error', `myproxy_get_certs() failed: ${error instanceof Error ? error.message : error}`);
    return sendOk(operation);
  }
  operation.log('info', `Sending trust roots to ${client.dn}`);
  await operation.wire.write(answer);
}

function encodeOnce(encode: () => Buffer): () => Buffer {
  let encoded: Buffer | undefined;
  return () => {
    encoded ??= encode();
    return encoded;
  };
}
