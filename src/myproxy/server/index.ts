/**
 * The server's side of a conversation: one file a command, and what a server needs around it. No sockets: a `Wire`
 * brings the bytes; no storage format: a `CredentialStore` keeps the credentials.
 */
export type { AuditEntry } from './audit-entry.ts';
export { serveConversation } from './conversation.ts';
export { noCredentialsLines } from './info.ts';
export { KeyPool, type KeyPoolOptions } from './key-pool.ts';
export { opensslWords } from './openssl-words.ts';
export type { LogLevel, MyProxyService, ServerPolicy } from './service.ts';
export { StoredChains } from './stored-chains.ts';
export { TrustRootFiles } from './trust-root-files.ts';
export { vomsAttributes } from './voms-attributes.ts';
