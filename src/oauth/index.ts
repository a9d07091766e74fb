/**
 * `latchkey/oauth`: what a client says to an authorization server, one file a flow.
 * It knows nothing of HTCondor, files or pages.
 */
export type { ClientAuthentication, OAuthClient } from './client.ts';
export type { TokenResponse } from './token-response.ts';
