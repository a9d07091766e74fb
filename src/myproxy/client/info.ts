import { isLatchkeyError } from '../../kit/index.ts';
import type { CredentialInfo } from '../wire/credential-info.ts';
import type { CredentialSelector, OperationOptions } from './client-options.ts';
import { type Operation, withConnection } from './operation.ts';
import { ask } from './reply.ts';
import { DUMMY_PASS_PHRASE, requestFor } from './request-fields.ts';
import type { ServerPeer } from './server-peer.ts';

/** What `info` asks about: all credentials of the user that the caller owns, or the one named. */
export interface InfoOptions extends OperationOptions, CredentialSelector {}

/** What the server tells. */
export interface InfoResult {
  /** False when the caller owns no credential under this name; `credentials` is then empty. */
  readonly exists: boolean;
  readonly credentials: readonly CredentialInfo[];
  /** The server's own lines when there is nothing. */
  readonly lines: readonly string[];
  readonly server: ServerPeer;
}

/** INFO: request → OK with what there is, or an error when there is nothing. */
export async function askInfo(operation: Operation, options: InfoOptions): Promise<InfoResult> {
  return await withConnection(operation, { identity: 'required' }, async (connection) => {
    const { peer } = connection;
    try {
      const request = requestFor('INFO', options, { passPhrase: DUMMY_PASS_PHRASE });
      const { credentials = [] } = await ask(connection, request);
      return { exists: credentials.length > 0, credentials, lines: [], server: peer };
    } catch (error) {
      // To have nothing is an answer, though on the wire it is an error.
      if (!isLatchkeyError(error, 'myproxy/server-refused') || error.details.reason !== 'no-credentials')
        throw error;
      const lines = Array.isArray(error.details.lines) ? error.details.lines.map(String) : [];
      return { exists: false, credentials: [], lines, server: peer };
    }
  });
}
