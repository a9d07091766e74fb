import type { CredentialSelector, OperationOptions } from './client-options.ts';
import { type Operation, withConnection } from './operation.ts';
import { ask } from './reply.ts';
import { DUMMY_PASS_PHRASE, requestFor } from './request-fields.ts';
import type { ServerPeer } from './server-peer.ts';

/** Which credential `destroy` removes. */
export interface DestroyOptions extends OperationOptions, CredentialSelector {}

/** DESTROY: request → OK. */
export async function askDestroy(operation: Operation, options: DestroyOptions): Promise<ServerPeer> {
  return await withConnection(operation, { identity: 'required' }, async (connection) => {
    await ask(connection, requestFor('DESTROY', options, { passPhrase: DUMMY_PASS_PHRASE }));
    return connection.peer;
  });
}
