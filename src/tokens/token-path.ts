/**
 * Paths of scopes: absolute, `/` between segments. Compared segment by segment, so that `/user/alice` never covers
 * `/user/alicex`.
 */
export interface TokenPath {
  readonly segments: readonly string[];
  /** Written with a slash at its end: a directory and what is in it, never a file of that name. The root is one. */
  readonly isDirectory: boolean;
}

const MAX_PATH_LENGTH = 4096;

/**
 * Reads the path of a scope, percent-escapes decoded segment by segment (RFC 3986 §6). Empty segments and `.` vanish, as in a
 * file system.
 *
 * @returns why it is none: relative, too long, `..` even when escaped, an escaped slash, control characters, a bad escape
 */
export function parseScopePath(text: string): TokenPath | string {
  if (!text.startsWith('/')) return 'does not begin with a slash';
  if (text.length > MAX_PATH_LENGTH) return `is longer than ${MAX_PATH_LENGTH} characters`;
  const segments: string[] = [];
  for (const raw of text.split('/')) {
    const segment = decodeSegment(raw);
    if (segment === undefined) return 'has a broken percent-escape';
    if (segment === '..') return 'has a ".." in it';
    if (/[/\p{Cc}]/u.test(segment)) return 'has an escaped slash or control character in it';
    if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return { segments, isDirectory: endsAsDirectory(text) };
}

/** A path that somebody asks for, as a file system has it: nothing is decoded. `undefined` when nobody may have it. */
export function parseRequestedPath(text: string): TokenPath | undefined {
  if (!text.startsWith('/') || text.length > MAX_PATH_LENGTH || text.includes('\0')) return undefined;
  const segments = text.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return undefined;
  return { segments, isDirectory: endsAsDirectory(text) };
}

/** True when the path allowed is the one requested or a directory above it. */
export function covers(allowed: TokenPath, requested: TokenPath): boolean {
  const isAbove = allowed.segments.every((segment, index) => requested.segments[index] === segment);
  if (!isAbove) return false;
  // "/bar/" speaks of the directory: a file that is called bar is none of it.
  const isSame = allowed.segments.length === requested.segments.length;
  return !isSame || !allowed.isDirectory || requested.isDirectory || requested.segments.length === 0;
}

function decodeSegment(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

function endsAsDirectory(text: string): boolean {
  return /\/\.?$/.test(text);
}
