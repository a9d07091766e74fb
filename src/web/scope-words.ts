/** One authorization, for people. */
export interface ScopeInWords {
  /** As it was asked for. */
  readonly scope: string;
  /** What it allows; absent = we do not know this one. */
  readonly words?: string;
}

/** What the scopes of the SciTokens and WLCG profiles and of OpenID Connect allow; `%` stands for the path. */
const WORDS: Readonly<Record<string, string>> = {
  read: 'read files below %',
  write: 'write and change files below %',
  'storage.read': 'read files below %',
  'storage.create': 'create new files below %, without overwriting any',
  'storage.modify': 'create, change and delete files below %',
  'storage.stage': 'have files below % brought from tape',
  'storage.poll': 'see how far files below % are from tape',
  'compute.read': 'see jobs',
  'compute.create': 'submit jobs',
  'compute.modify': 'change jobs',
  'compute.cancel': 'remove jobs',
  queue: 'submit and remove jobs',
  execute: 'run jobs',
  'condor:/READ': 'read from HTCondor daemons',
  'condor:/WRITE': 'submit to HTCondor daemons',
  openid: 'know who you are',
  profile: 'know your name and profile',
  email: 'know your e-mail address',
  offline_access: 'go on while you are away, until you or the provider ends it',
  'wlcg.groups': 'know the groups you belong to',
  wlcg: 'use WLCG tokens',
};

/** Most scopes told one by one; a request with more is not meant for people. */
const MAX_SCOPES = 100;

/** The scopes of a request (separated by commas or blanks, as users write them in submit files), in plain words. */
export function scopesInWords(scopes: string): readonly ScopeInWords[] {
  return scopes
    .split(/[\s,]+/)
    .filter((scope) => scope !== '')
    .slice(0, MAX_SCOPES)
    .map((scope) => {
      const words = wordsOf(scope);
      return words === undefined ? { scope } : { scope, words };
    });
}

function wordsOf(scope: string): string | undefined {
  // A file scope without its path allows nothing (WLCG profile; SciTokens demand one too), so it gets no words.
  if (Object.hasOwn(WORDS, scope)) return WORDS[scope]?.includes('%') ? undefined : WORDS[scope];
  const colon = scope.indexOf(':');
  if (colon < 1) return undefined;
  const name = scope.slice(0, colon);
  const path = scope.slice(colon + 1);
  if (!Object.hasOwn(WORDS, name) || name === 'offline_access') return undefined;
  const words = WORDS[name] ?? '';
  if (!words.includes('%')) return `${words} (${path})`;
  return words.replace('%', () => (path === '/' ? '/ (everything)' : path));
}
