import type { CredentialSelector, OperationOptions } from './client-options.ts';
import { type Operation, withConnection } from './operation.ts';
import { ask } from './reply.ts';
import { requestFor } from './request-fields.ts';
import { askOnce, type SecretSource } from './secret-source.ts';
import type { ServerPeer } from './server-peer.ts';

/** Which pass phrase `changePassphrase` changes. */
export interface ChangePassphraseOptions extends OperationOptions, CredentialSelector {
  readonly passphrase: SecretSource;
  /** At least 6 characters; empty removes the encryption. */
  readonly newPassphrase: SecretSource;
}

/** CHANGE: request → OK. */
export async function askPassphraseChange(
  operation: Operation,
  options: ChangePassphraseOptions,
): Promise<ServerPeer> {
  const oldPassphrase = askOnce(options.passphrase, operation.signal);
  const newPassphrase = askOnce(options.newPassphrase, operation.signal);
  return await withConnection(operation, { identity: 'required' }, async (connection) => {
    const passPhrase = await oldPassphrase();
    const newPassPhrase = await newPassphrase();
    await ask(connection, requestFor('CHANGE', options, { passPhrase, newPassPhrase }));
    return connection.peer;
  });
}
