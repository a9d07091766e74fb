import { allowsOperation, isCapability } from './scope.ts';
import type { VerifiedToken } from './verified-token.ts';

/**
 * True when the token allows an operation: `read`, `create`, `modify`, `stage`, `poll` on a path as the file system has it, or
 * a scope by its own name: `queue`, `compute.create`. `/user/alice` never covers `/user/alicex`.
 */
export function allows(token: VerifiedToken, operation: string, path?: string): boolean {
  return allowsOperation(token.authorizations, operation, path);
}

/** The groups that count: none beside capabilities (WLCG profile). A group does not imply the one above it. */
export function groupsOf(token: VerifiedToken): readonly string[] {
  return token.authorizations.some(isCapability) ? [] : token.groups;
}
