/**
 * `latchkey/myproxy`: the MyProxy protocol, version 2 (GFD-E.54 and what its peers really do): codec, client, the server's side
 * of a conversation, and the C server's configuration file. It knows nothing of how credentials are stored, nor of the daemon's sockets.
 */

export type { ChangePassphraseOptions } from './client/change-pass-phrase.ts';
export { MyProxyClient } from './client/client.ts';
export type {
  ClientTimeouts,
  CredentialSelector,
  MyProxyClientOptions,
  OperationOptions,
} from './client/client-options.ts';
export { CLIENT_DEFAULTS } from './client/client-settings.ts';
export { type ClientConfig, parseClientConfig } from './client/config-file.ts';
export type { DestroyOptions } from './client/destroy.ts';
export { ENVIRONMENT_VARIABLES } from './client/environment.ts';
export type { InfoOptions, InfoResult } from './client/info.ts';
export type { Delegation, LogonOptions, LogonResult, LogonWithRequestOptions } from './client/logon.ts';
export type { Notice, NoticeListener } from './client/notice.ts';
export type { Bootstrap } from './client/operation.ts';
export type { CredentialFiles, OwnIdentity } from './client/own-identity.ts';
export type { PutOptions, PutResult } from './client/put.ts';
export type { RetrieveOptions, RetrieveResult } from './client/retrieve.ts';
export type { SecretSource } from './client/secret-source.ts';
export { formatServer, parseServerList, type ServerAddress } from './client/server-list.ts';
export type { ServerPeer } from './client/server-peer.ts';
export type { RefusalReason } from './client/server-refusal.ts';
export type { StoredCredentialOptions, StoreOptions, StoreResult } from './client/store.ts';
export type { TrustRootsOptions, TrustRootsResult } from './client/trust-roots.ts';
export * from './config/index.ts';
export * from './server/index.ts';
export * from './wire/index.ts';
