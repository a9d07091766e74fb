import type { ErrorCode } from '../../kit/index.ts';

/** What the exit codes of `latchkey` mean; printed by `latchkey help exit-codes` and in the guide. */
export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [0, 'done'],
  [1, 'failed'],
  [2, 'the command line is wrong'],
  [3, 'refused: wrong pass phrase, a policy, a lock, too many tries'],
  [4, 'the server cannot be reached, or is not the one it should be'],
  [5, 'nothing there: no such credential, or it has expired'],
  [6, 'the configuration is wrong'],
  [130, 'interrupted'],
];

const EXIT_CODE_OF: Partial<Readonly<Record<ErrorCode, number>>> = {
  'cli/usage': 2,
  'cli/no-terminal': 2,
  'cli/not-found': 5,
  'x509/pass-phrase-wrong': 3,
  'x509/pass-phrase-needed': 3,
  'repository/pass-phrase-wrong': 3,
  'repository/pass-phrase-policy': 3,
  'repository/denied': 3,
  'repository/not-owner': 3,
  'repository/locked': 3,
  'repository/throttled': 3,
  'repository/lifetime': 3,
  'myproxy/server-refused': 3,
  'proxy/not-allowed': 3,
  'myproxy/connect': 4,
  'myproxy/closed': 4,
  'myproxy/tls': 4,
  'myproxy/timed-out': 4,
  'myproxy/server-identity': 4,
  'x509/path-invalid': 4,
  'repository/not-found': 5,
  'x509/credential-missing': 5,
  'x509/trust-missing': 5,
  'proxy/expired': 5,
  'tokens/value-invalid': 2,
  'tokens/rejected': 3,
  'tokens/issuer': 4,
  'tokens/not-found': 5,
  'credmon/denied': 3,
  'credmon/not-allowed': 3,
  'credmon/not-running': 4,
  'credmon/not-found': 5,
  'credmon/provider-unknown': 6,
  'ssh/denied': 3,
  'ssh/pass-phrase-wrong': 3,
  'ssh/pass-phrase-needed': 3,
  'ssh/unreachable': 4,
  'ssh/host-key': 4,
  'ssh/lost': 4,
  'session/no-credential': 5,
  'jobs/not-found': 5,
  'jobs/url': 2,
  'jobs/description': 2,
  'config/malformed': 6,
  'config/invalid': 6,
  'config/missing': 6,
  'myproxy/cancelled': 130,
};

/** The exit code for an error. */
export function exitCodeOf(code: ErrorCode): number {
  return EXIT_CODE_OF[code] ?? 1;
}
