/**
 * `latchkey/web`: pages and HTTP API, a pure `Request → Response` application.
 * It knows nothing of sockets, TLS or the daemon; what it shows and does comes through the interfaces it is given.
 */
export type {
  Account,
  AccountBook,
  BegunLogin,
  Credentials,
  CredentialView,
  DeviceLogin,
  Health,
  Logins,
  Peer,
  Publication,
  RequestFiles,
  SignIn,
  UnservedRequest,
  WebApp,
  WebDependencies,
} from './dependencies.ts';
export type { LinkMap, LinkPicture, LinkProgram, LinkSource, LinkView } from './link-view.ts';
export { createWebApp } from './web-app.ts';
