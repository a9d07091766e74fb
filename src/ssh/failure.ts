import { LatchkeyError, printable, quote } from '../kit/index.ts';
import { readPrompt } from './askpass/prompt.ts';

/** Why an ssh process ended, as its own lines tell. */
export interface FailureContext {
  /** For the sentence: `alice@host:22`. */
  readonly target: string;
  /** What it wrote to standard error. */
  readonly lines: readonly string[];
  /** Prompts that were left without an answer. */
  readonly unanswered?: readonly string[];
  /** Prompts that came again after they were answered. */
  readonly rejected?: readonly string[];
}

/**
 * The error of a login that failed. The lines of a jump host's ssh are among them: what is specific counts before what only
 * follows from it.
 */
export function loginFailure(context: FailureContext): LatchkeyError {
  for (const rule of RULES) {
    for (const line of context.lines) {
      const match = rule.pattern.exec(line);
      if (match !== null) return rule.error(context, match, line);
    }
  }
  const last = context.lines.at(-1);
  return new LatchkeyError(
    'ssh/unreachable',
    `the connection to ${context.target} ended${last === undefined ? ' without a word' : `: ${printable(last)}`}`,
    { retryable: true, details: { reason: 'other', lines: tail(context.lines) } },
  );
}

/** What may help where a server hangs up before anybody could log in; sshd says no more than that. */
export const HUNG_UP_HINT =
  'the server hung up before the login: too many connections at once (MaxStartups), a block of this address after failed logins (PerSourcePenalties of sshd 9.8, a firewall), or it is stopping; wait a minute, and look that no program of yours keeps failing to log in';

const TOO_MANY_HINT =
  'the server has too many connections at once that have not logged in yet (MaxStartups): wait a little; its administrator can allow more';

const NOT_ALLOWED_HINT =
  'sshd 9.8 and newer say that to an address that they block for a while after failed or broken logins (PerSourcePenalties: 15 s to 10 minutes), and when there are too many connections at once (MaxStartups): wait, look that no program here keeps failing to log in, and ask the administrator for PerSourcePenaltyExemptList when many share this address';

/** What a server may say instead of its name to somebody whom it turns away, in texts of sshd. */
const TURNED_AWAY: readonly { readonly text: string; readonly reason: string; readonly hint: string }[] = [
  // 8.2 to 9.7, and for nothing else.
  { text: 'Exceeded MaxStartups', reason: 'too-many', hint: TOO_MANY_HINT },
  // Since 9.8, for penalties and MaxStartups alike.
  { text: 'Not allowed at this time', reason: 'not-allowed', hint: NOT_ALLOWED_HINT },
];

/** Why a server turns somebody away, by the line that it says instead of its name; undefined for other lines. */
export function turnedAway(
  said: string,
): { readonly text: string; readonly reason: string; readonly hint: string } | undefined {
  return TURNED_AWAY.find(({ text }) => said.trim() === text);
}

/**
 * A line of ssh as it is without `LogVerbose`, but for why a server turns somebody away. Nothing else that it says instead of its name is
 * kept: it could say what ssh says of other troubles.
 *
 * @returns undefined for one that is there for `LogVerbose` alone
 */
export function plainLine(line: string): string | undefined {
  const [, debug, name, text = ''] =
    /^(debug\d: )?kex\.c:(kex_exchange_identification)\(\):\d+ \([^)]*\): (.*)$/.exec(line) ?? [];
  if (name === undefined) return line;
  const [, said = ''] = /^banner line \d+: (.*)$/.exec(text) ?? [];
  return debug === undefined || turnedAway(said) !== undefined ? `${name}: ${text}` : undefined;
}

interface Rule {
  readonly pattern: RegExp;
  error(context: FailureContext, match: RegExpExecArray, line: string): LatchkeyError;
}

/** In order of what counts first. Texts of OpenSSH 7.6 to 10. */
const RULES: readonly Rule[] = [
  {
    pattern: /REVOKED HOST KEY DETECTED/,
    error: (context) =>
      hostKey(
        context,
        'revoked',
        'is marked as revoked',
        'do not connect; ask its administrator for the new key',
      ),
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    error: (context) => {
      const known = find(context, /^Offending (?:\S+ )?key in (.+):(\d+)$/);
      const where = known === undefined ? '' : `, line ${known[2]} of ${known[1]}`;
      return hostKey(
        context,
        'changed',
        `is another one than the known one${where}`,
        `somebody may be in between: ask the administrator for the new key's fingerprint, and only when it is ${
          fingerprint(context) ?? 'the one shown'
        } remove the old line`,
      );
    },
  },
  {
    pattern: /^No (\S+) host key is known for (.+) and you have requested strict checking/,
    error: (context, match) =>
      hostKey(
        context,
        'unknown',
        `(${match[1]}, of ${printable(match[2] ?? '')}) is not known here`,
        'compare it with what the administrator says and add it to known_hosts, or allow "accept-new"',
      ),
  },
  {
    pattern: /^Host key verification failed|Host key .*does not match|Certificate invalid/,
    error: (context) =>
      hostKey(context, 'unknown', 'could not be verified', 'compare it with what the administrator says'),
  },
  {
    pattern: /Too many authentication failures/,
    error: (context) =>
      denied(
        context,
        undefined,
        'too many keys were offered',
        'offer only the right one: name it, and be exclusive',
      ),
  },
  {
    pattern: /^(?:(.+): )?Permission denied(?:, please try again)?(?: \(([\w@.,-]*)\))?\.?$/,
    error: (context, match) => denied(context, match[2]?.split(',')),
  },
  {
    pattern:
      /^(.+): (?:line \d+: )?(Bad configuration option|Unsupported option|Bad owner or permissions)|terminating, \d+ bad configuration/,
    error: (_, _match, line) =>
      new LatchkeyError('ssh/program', `ssh refuses its configuration: ${printable(line)}`, {
        hint: 'correct that file, or connect without it',
        details: { reason: 'configuration' },
      }),
  },
  unreachable(
    /Could not resolve hostname (\S+): (.+)/,
    'name',
    'is the name right, and does it resolve here?',
    false,
  ),
  unreachable(
    /connect to (?:host|address) .*: Connection refused/,
    'refused',
    'is sshd running there, and is it that port?',
  ),
  unreachable(
    /connect to (?:host|address) .*: (?:Connection|Operation) timed out|Connection timed out during banner exchange|^Connection to .* timed out/,
    'timed-out',
    'nobody answers: a firewall, a machine that is down, or one that is overloaded',
  ),
  unreachable(
    /connect to (?:host|address) .*: (?:No route to host|Network is unreachable)/,
    'no-route',
    'is the network up?',
  ),
  unreachable(
    /open failed: (?:connect failed|administratively prohibited|unknown channel type)(.*)/,
    'jump',
    'the jump host does not get through: is the target up, and does the jump host allow TCP forwarding?',
  ),
  unreachable(
    /Unable to negotiate with .*: (no matching .*)/,
    'algorithms',
    'the two sides have no algorithm in common',
    false,
  ),
  ...TURNED_AWAY.map(({ text, reason, hint }) =>
    unreachable(new RegExp(`^kex_exchange_identification: banner line \\d+: ${text}\\s*$`), reason, hint),
  ),
  unreachable(/^kex_exchange_identification: |Connection (?:closed|reset) by/, 'closed', HUNG_UP_HINT),
];

function unreachable(pattern: RegExp, reason: string, hint: string, retryable = true): Rule {
  return {
    pattern,
    error: (context, _, line) =>
      new LatchkeyError('ssh/unreachable', `${context.target} cannot be reached: ${printable(line)}`, {
        hint,
        retryable,
        details: { reason, lines: tail(context.lines) },
      }),
  };
}

function hostKey(context: FailureContext, reason: string, what: string, hint: string): LatchkeyError {
  return new LatchkeyError('ssh/host-key', `the host key of ${whoseKey(context)} ${what}`, {
    hint,
    details: { reason, fingerprint: fingerprint(context), lines: tail(context.lines) },
  });
}

/** Of a machine on the way when ssh names another one than the target. */
function whoseKey(context: FailureContext): string {
  const [, name] =
    find(context, /^Host key for (\S+) has changed |^\S+ host key for (\S+) was revoked /)?.filter(Boolean) ??
    [];
  if (name === undefined) return context.target;
  const [host, port = '22'] = hostAndPort(name);
  const [target, targetPort = port] = hostAndPort(context.target);
  if (host === target && port === targetPort) return context.target;
  return `${printable(name)}, on the way to ${context.target},`;
}

function hostAndPort(text: string): [string, string | undefined] {
  const [, host = text, port] = /^(?:.*@)?\[?(.*?)\]?(?::(\d+))?$/.exec(text) ?? [];
  return [host.toLowerCase(), port];
}

function denied(
  context: FailureContext,
  methods: readonly string[] | undefined,
  what?: string,
  hint?: string,
): LatchkeyError {
  const offered = methods === undefined ? '' : `; it takes ${methods.join(', ')}`;
  const troubles = context.lines.filter((line) => KEY_TROUBLE.test(line)).map(printable);
  const because = what ?? (troubles.length > 0 ? troubles.join('; ') : `the login was refused${offered}`);
  const question = context.unanswered?.[0];
  const wrong = context.rejected?.map(readPrompt).find((asked) => asked.kind === 'pass-phrase');
  if (wrong !== undefined) {
    return new LatchkeyError(
      'ssh/denied',
      `${context.target} lets nobody in with that: the pass phrase of ${quote(wrong.keyPath)} is wrong`,
      {
        hint: 'give the one that the key was made with',
        details: { reason: 'pass-phrase-wrong', methods, unanswered: [], lines: tail(context.lines) },
      },
    );
  }
  return new LatchkeyError('ssh/denied', `${context.target} lets nobody in with that: ${because}`, {
    hint:
      hint ??
      (question === undefined
        ? 'is it the right user, and is the key in its authorized_keys?'
        : `it asked ${JSON.stringify(printable(question))}, and nothing was given for that`),
    details: { reason: 'refused', methods, unanswered: context.unanswered ?? [], lines: tail(context.lines) },
  });
}

const KEY_TROUBLE =
  /^Load key |^no such identity: |UNPROTECTED PRIVATE KEY|^Permissions 0\d+ for |^sign_and_send_pubkey: |incorrect passphrase/;

function fingerprint(context: FailureContext): string | undefined {
  return find(context, /(SHA256:[A-Za-z0-9+/]{43})/)?.[1];
}

function find(context: FailureContext, pattern: RegExp): RegExpExecArray | undefined {
  for (const line of context.lines) {
    const match = pattern.exec(line);
    if (match !== null) return match;
  }
  return undefined;
}

function tail(lines: readonly string[]): readonly string[] {
  return lines.slice(-12).map(printable);
}
