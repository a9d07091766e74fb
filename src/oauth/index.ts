/**
 * `latchkey/oauth`: what a client says to an authorization server, one file a flow.
 * It knows nothing of HTCondor, files or pages.
 */
export {
  type AuthorizationOptions,
  beginAuthorization,
  finishAuthorization,
  type PendingAuthorization,
} from './authorization-code.ts';
export type { ClientAuthentication, OAuthClient, RequestOptions, TokenWish } from './client.ts';
export { requestClientToken } from './client-credentials.ts';
export { awaitDeviceLogin, beginDeviceLogin, type DeviceLogin, pollDeviceLogin } from './device.ts';
export { discover, type Endpoint, type ServerMetadata, serverMetadata } from './discovery.ts';
export { fetchPelicanToken, type PelicanGrant, type PelicanOptions, type PelicanToken } from './pelican.ts';
export { refreshAccessToken } from './refresh.ts';
export { type RevocationOptions, revokeToken } from './revocation.ts';
export { type ExchangeOptions, exchangeToken } from './token-exchange.ts';
export type { TokenResponse } from './token-response.ts';
export { checkVaultUrl, fetchVaultToken, type VaultOptions, type VaultToken } from './vault.ts';
