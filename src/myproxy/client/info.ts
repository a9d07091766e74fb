import type { CredentialInfo } from '../wire/credential-info.ts';
import type { CredentialSelector, OperationOptions } from './client-options.ts';
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
