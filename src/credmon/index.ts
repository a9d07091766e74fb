/**
 * `latchkey/credmon`: HTCondor's credential directory and configuration, as sources and a delivery of the keeper.
 * It knows nothing of HTTP pages, signals or listeners.
 */
export { type CredentialDirectory, openCredentialDirectory } from './directory.ts';
export { createLoginStore, type LoginFacts, type LoginStore } from './login-store.ts';
export type {
  ClientProvider,
  CredmonSettings,
  LocalProvider,
  OAuthClientSettings,
  OAuthProvider,
  PelicanProvider,
  Provider,
  UseFormat,
  VaultProvider,
} from './settings.ts';
