/**
 * `latchkey/tokens`: SciTokens and WLCG tokens: issue, verify, find (bearer token discovery), and the keys behind them.
 * It knows nothing of OAuth, HTCondor or users' directories.
 */

export type { SigningKey } from './signing-key.ts';
export type { IssuedToken, TokenProfile, TokenRequest } from './token-request.ts';
