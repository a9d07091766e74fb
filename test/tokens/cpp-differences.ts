/** What scitokens-cpp 0.7.3 accepts of the table of bad tokens, and why we do not. */
export interface Difference {
  readonly reason: string;
  /** `group: what` of the rows. */
  readonly rows: readonly string[];
}

/** Every difference; the test fails when there is one more or one less. */
export const CPP_ACCEPTS: readonly Difference[] = [
  {
    reason: 'It knew one key of the issuer only; we refuse because this issuer has several.',
    rows: ['Key: no key id, and the issuer has several keys', 'Key: an empty key id'],
  },
  {
    reason:
      'Several spellings of one token defeat lists of revoked tokens, logs and caches that know a token by its text.',
    rows: [
      'Signature: r and s with a zero byte before each',
      'Form: stray bits in the last character',
      'Form: claims that are no UTF-8',
      'Form: claims with something behind them',
    ],
  },
  {
    reason:
      'Two readers that choose differently between two members of one name believe different things (RFC 7519 §4).',
    rows: [
      'Form: a claim twice (`sub`)',
      'Form: a claim twice, once escaped (`\\u0073ub`)',
      'Form: a member twice in an inner object',
      'Form: `alg` twice',
    ],
  },
  {
    reason: 'Bounds of our own.',
    rows: ['Form: longer than 16 384 bytes', 'Form: claims nested 17 deep', 'Scope: 501 words'],
  },
  {
    reason: 'An extension marked critical must be understood or refused (RFC 7515 §4.1.11).',
    rows: ['Header: `crit` names an extension', 'Header: `crit` is empty', 'Header: `b64` false (RFC 7797)'],
  },
  {
    reason: 'A token made for another purpose by the same issuer is no access token (RFC 8725 §3.11).',
    rows: ['Header: another type (`logout+jwt`)', 'Header: another type (`dpop+jwt`)'],
  },
  {
    reason: 'Times nobody means are mistakes or attempts.',
    rows: [
      'Time (skew allowed: 60 s): `exp` after the year 9999',
      'Time (skew allowed: 60 s): `nbf` before 1970',
    ],
  },
  {
    reason:
      'The profile says so (WLCG: `sub` and `jti` are required, groups are a list of paths; no token is of two profiles).',
    rows: [
      'Profile: two at once',
      'Profile: WLCG without `jti`',
      'Profile: WLCG without `sub`',
      'Profile: `wlcg.groups` is a text',
      'Profile: a group without its slash',
    ],
  },
  {
    reason:
      'Paths are absolute and required; a path with `..` refuses the whole token. 0.7.3 reads a missing path as `/`.',
    rows: [
      'Scope: `..` in a path',
      'Scope: a path that is not absolute',
      'Scope: an empty path',
      'Scope: no path where one is needed',
      'Scope: no path where one is needed (WLCG)',
    ],
  },
  {
    reason:
      '0.7.3 does not decode percent-escapes: the service behind it may, and then the path is another one.',
    rows: [
      'Scope: `..` escaped',
      'Scope: `..` half escaped, in capitals',
      'Scope: an escaped slash',
      'Scope: an escaped NUL',
      'Scope: a broken escape',
      'Scope: an overlong escape of `/` (`%c0%af`)',
    ],
  },
  {
    reason: 'Characters that no scope has (RFC 6749 §3.3).',
    rows: ['Scope: a tab between two words', 'Scope: a quote in it'],
  },
];

/** Tokens that we accept and scitokens-cpp 0.7.3 refuses. */
export const CPP_REFUSES: readonly { readonly what: string; readonly reason: string }[] = [
  { what: 'signed with EdDSA', reason: '0.7.3 knows RS256 and ES256 only' },
  {
    what: '`wlcg.ver` 1.3',
    reason: 'profile 1.3 asks verifiers to accept later minor versions; 0.7.3 compares with 1.0',
  },
  { what: 'WLCG without `nbf`', reason: 'optional in the profile, required by 0.7.3' },
  { what: 'expired for 30 s', reason: 'we allow clocks to differ by 60 s' },
  { what: 'valid in 30 s', reason: 'we allow clocks to differ by 60 s' },
  {
    what: 'SciTokens 1.0 without audience',
    reason: 'for everybody in version 1.0; a service of 0.7.3 with an audience wants one',
  },
];
