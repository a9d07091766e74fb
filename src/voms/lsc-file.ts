import {
  type Certificate,
  comparableOneline,
  formatOneline,
  hasUniqueOneline,
  type Name,
  parseOneline,
} from '../x509/index.ts';

/** One chain of an LSC file: subject and issuer of the server's certificate, then of the one above it, and so on, in one-line form. */
export type LscChain = readonly string[];

/** What an LSC file says. */
export interface LscFile {
  /** Any of them will do. */
  readonly chains: readonly LscChain[];
  /** One sentence for each thing in it that cannot be used. */
  readonly problems: readonly string[];
}

const MAX_CHAINS = 64;
const MAX_NAMES = 64;
const NEXT_CHAIN = /^-+ ?NEXT CHAIN ?-+$/i;

/**
 * Reads an LSC file (`<vomsdir>/<vo>/<host>.lsc`): one distinguished name a line, subject and issuer in turns, chains separated
 * by `------ NEXT CHAIN ------`. Blank lines and those that begin with `#` do not count; a name may be in double quotes.
 */
export function parseLscFile(text: string): LscFile {
  const chains: LscChain[] = [];
  const problems: string[] = [];
  for (const lines of splitChains(text)) {
    const problem = problemWith(lines);
    if (problem === undefined) chains.push(lines);
    else problems.push(problem);
  }
  if (chains.length > MAX_CHAINS)
    problems.push(`more than ${MAX_CHAINS} chains: the others are not looked at`);
  if (chains.length === 0 && problems.length === 0) problems.push('there is no distinguished name in it');
  return { chains: chains.slice(0, MAX_CHAINS), problems };
}

/**
 * True when the certificates, the server's first, are those that the chain begins with, in this order; names as {@link isWrittenAs}
 * compares them.
 */
export function matchesLscChain(certificates: readonly Certificate[], chain: LscChain): boolean {
  if (certificates.length === 0 || chain.length < 2 * certificates.length) return false;
  return certificates.every(({ subject, issuer }, index) => {
    const [wantedSubject = '', wantedIssuer = ''] = chain.slice(2 * index);
    return isWrittenAs(subject, wantedSubject) && isWrittenAs(issuer, wantedIssuer);
  });
}

/**
 * True when this is the name that somebody wrote on a line. One-line texts are compared as the C tools do it: without regard to case,
 * and `/Email=` is `/emailAddress=`. People also write `/CN=host/a.org` where OpenSSL 3 prints `/CN=host\/a.org`, and letters where it
 * prints bytes. A name that shares its one-line text with another one is nobody's.
 */
export function isWrittenAs(name: Name, line: string): boolean {
  if (!hasUniqueOneline(name)) return false;
  const actual = comparableOneline(formatOneline(name));
  if (actual === comparableOneline(line)) return true;
  const parsed = attempt(() => comparableOneline(formatOneline(parseOneline(line))));
  return parsed === actual;
}

function attempt<Value>(task: () => Value): Value | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}

function splitChains(text: string): string[][] {
  const chains: string[][] = [[]];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (NEXT_CHAIN.test(line)) chains.push([]);
    else chains.at(-1)?.push(unquoted(line));
  }
  return chains.filter((chain) => chain.length > 0);
}

function problemWith(lines: readonly string[]): string | undefined {
  const stray = lines.find((line) => !line.startsWith('/'));
  if (stray !== undefined) return `the line ${JSON.stringify(stray.slice(0, 200))} is no distinguished name`;
  if (lines.length % 2 !== 0)
    return `a chain of ${lines.length} names, where subject and issuer of each certificate belong`;
  if (lines.length > MAX_NAMES) return `a chain of ${lines.length} names`;
  return undefined;
}

function unquoted(line: string): string {
  const inside = /^"(.*)"$/.exec(line)?.[1];
  return inside === undefined ? line : inside.replace(/\\(["\\])/g, '$1');
}
