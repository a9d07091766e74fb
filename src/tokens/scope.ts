import { type Finding, quote } from '../kit/index.ts';
import { covers, parseRequestedPath, parseScopePath, type TokenPath } from './token-path.ts';

/** One authorization of a scope: `storage.read:/data`. */
export interface Authorization {
  /** What stands before the colon: `storage.read`. */
  readonly name: string;
  /** Absent when it has none. */
  readonly path: TokenPath | undefined;
  /** Whose word it is; `undefined` = of neither, such as `openid` or `condor:/READ`. */
  readonly vocabulary: Vocabulary | undefined;
  /** As it was written. */
  readonly text: string;
}

/** What a scope says, and what is wrong with it. */
export interface ParsedScope {
  readonly authorizations: readonly Authorization[];
  readonly findings: readonly Finding[];
}

/** Names of the two vocabularies, and whether each needs a path. */
const KNOWN: Readonly<Record<string, { readonly vocabulary: Vocabulary; readonly needsPath: boolean }>> = {
  read: { vocabulary: 'scitokens', needsPath: true },
  write: { vocabulary: 'scitokens', needsPath: true },
  queue: { vocabulary: 'scitokens', needsPath: false },
  execute: { vocabulary: 'scitokens', needsPath: false },
  'storage.read': { vocabulary: 'wlcg', needsPath: true },
  'storage.create': { vocabulary: 'wlcg', needsPath: true },
  'storage.modify': { vocabulary: 'wlcg', needsPath: true },
  'storage.stage': { vocabulary: 'wlcg', needsPath: true },
  'storage.poll': { vocabulary: 'wlcg', needsPath: true },
  'compute.read': { vocabulary: 'wlcg', needsPath: false },
  'compute.create': { vocabulary: 'wlcg', needsPath: false },
  'compute.modify': { vocabulary: 'wlcg', needsPath: false },
  'compute.cancel': { vocabulary: 'wlcg', needsPath: false },
};

/** Whose words a scope is made of. */
export type Vocabulary = 'scitokens' | 'wlcg';

/** Which operations each name allows; a name that is not here allows the operation of its own name, unless that is one of these. */
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  read: ['read'],
  write: ['create', 'modify'],
  'storage.read': ['read'],
  'storage.create': ['create'],
  'storage.modify': ['create', 'modify'],
  'storage.stage': ['stage', 'read'],
  'storage.poll': ['poll'],
};

/** What is done to files: some server's plain OAuth scope `create` or `modify` must not be taken for leave to write everywhere. */
const FILE_OPERATIONS: ReadonlySet<string> = new Set(Object.values(GRANTS).flat());

const MAX_AUTHORIZATIONS = 500;
/** RFC 6749 §3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Reads a scope. Names it does not know are kept (plain OAuth scopes), without a path unless one follows. */
export function parseScope(scope: string): ParsedScope {
  const words = scope.split(' ').filter((word) => word !== '');
  const findings: Finding[] = [];
  if (words.length > MAX_AUTHORIZATIONS) {
    return {
      authorizations: [],
      findings: [finding(`a scope has at most ${MAX_AUTHORIZATIONS} authorizations`)],
    };
  }
  const authorizations: Authorization[] = [];
  for (const word of words) {
    const parsed = parseAuthorization(word);
    if (typeof parsed === 'string') findings.push(finding(parsed));
    else authorizations.push(parsed);
  }
  return { authorizations, findings };
}

function parseAuthorization(text: string): Authorization | string {
  if (!SCOPE_TOKEN.test(text)) return `${quote(text)} has characters that no scope has`;
  const [, name = text, rest] = /^([^:]*):(.*)$/.exec(text) ?? [];
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  const vocabulary = known?.vocabulary;
  if (rest === undefined) {
    return known?.needsPath ? `${quote(text)} needs a path` : { name, path: undefined, vocabulary, text };
  }
  // "wlcg:1.0" and URNs are names with a colon in them, not paths.
  if (known === undefined && !rest.startsWith('/')) return { name: text, path: undefined, vocabulary, text };
  const path = parseScopePath(rest);
  return typeof path === 'string' ? `the path of ${quote(text)} ${path}` : { name, path, vocabulary, text };
}

/**
 * True when one of the authorizations allows `operation` (`read`, `create`, `modify`, `stage`, `poll`; else a scope's own name,
 * such as `queue` or `compute.read`) on `path`, a path as a file system has it.
 */
export function allowsOperation(
  authorizations: readonly Authorization[],
  operation: string,
  path?: string,
): boolean {
  const requested = path === undefined ? undefined : parseRequestedPath(path);
  if (path !== undefined && requested === undefined) return false;
  return authorizations.some((authorization) => {
    if (!operationsOf(authorization).includes(operation)) return false;
    if (authorization.path === undefined) return true;
    return requested !== undefined && covers(authorization.path, requested);
  });
}

/** The operations that an authorization allows, on its path if it has one. */
export function operationsOf({ name }: Authorization): readonly string[] {
  if (Object.hasOwn(GRANTS, name)) return GRANTS[name] ?? [];
  return FILE_OPERATIONS.has(name) ? [] : [name];
}

/** True when an authorization says what may be done, rather than who somebody is: groups do not count beside one. */
export function isCapability({ name, path }: Authorization): boolean {
  return (
    Object.hasOwn(KNOWN, name) ||
    (path !== undefined && name !== 'wlcg.groups' && name !== 'wlcg.capabilityset')
  );
}

function finding(message: string): Finding {
  return { code: 'scope', message, rule: 'WLCG profile, scope-based authorization; RFC 6749 §3.3' };
}
