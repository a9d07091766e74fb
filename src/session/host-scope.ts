/** Which hosts a context may be used for; absent parts match all. Patterns know `*` and `?` only. */
export interface HostScope {
  /** Host names or addresses, such as `*.example.org`. */
  readonly hosts?: readonly string[] | undefined;
  /** Schemes, such as `ssh`, `gsissh`. */
  readonly schemes?: readonly string[] | undefined;
}

/** Where one wants to go. */
export interface ScopedTarget {
  readonly scheme: string;
  readonly host: string;
}

/**
 * How narrow the part of a scope is that matches: an exact host before a pattern, a longer pattern before a shorter one, any before
 * none; a scheme decides between equals. `undefined` = it does not match.
 */
export function scopeRank({ hosts, schemes }: HostScope, target: ScopedTarget): number | undefined {
  const schemeRank = best(schemes, target.scheme);
  const hostRank = best(hosts, target.host);
  if (schemeRank === undefined || hostRank === undefined) return undefined;
  return hostRank * 4 + (schemes === undefined ? 0 : schemeRank >= EXACT ? 2 : 1);
}

const EXACT = 1000;

function best(patterns: readonly string[] | undefined, name: string): number | undefined {
  if (patterns === undefined) return 0;
  const ranks = patterns
    .filter((pattern) => matchesPattern(pattern.toLowerCase(), name.toLowerCase()))
    .map((pattern) =>
      /[*?]/.test(pattern) ? Math.min(EXACT - 1, 1 + pattern.replace(/[*?]/g, '').length) : EXACT,
    );
  return ranks.length === 0 ? undefined : Math.max(...ranks);
}

/** In linear steps of the pattern for each star: nobody can write one that hangs. */
function matchesPattern(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let place = 0;
  while (place < text.length) {
    if (pattern[at] === '*') {
      star = at;
      resume = place;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[place])) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      place = resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
