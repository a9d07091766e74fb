/**
 * `latchkey/session`: security contexts, and which of them goes to which host. It knows nothing of jobs.
 */
export type {
  AttributeName,
  ContextAttributes,
  ContextKind,
  ContextTypeName,
  KindOf,
} from './attributes.ts';
export type { Reason } from './choose.ts';
export type { ConnectRequest } from './connections.ts';
export { Context, type ContextConstructor, isContext } from './context.ts';
export type { ContextList } from './context-list.ts';
export type { SkippedDefault } from './default-contexts.ts';
export type { HostScope } from './host-scope.ts';
export { lifeTimeSeconds } from './life-time.ts';
export type { SecretInput } from './secret-input.ts';
export { type ContextReport, type Explanation, Session, type SessionKeyPair } from './session.ts';
export type { SessionOptions } from './session-options.ts';
export type { PermissionPolicy } from './surroundings.ts';
export { parseTarget, type Target } from './target.ts';
