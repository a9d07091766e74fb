import { LatchkeyError, printable } from '../../kit/index.ts';

/** Why a server said no, as far as its words are known. */
export type RefusalReason =
  | 'pass-phrase-wrong'
  | 'pass-phrase-policy'
  | 'authentication-needed'
  | 'renewal-mismatch'
  | 'no-credentials'
  | 'not-authorized'
  | 'not-owner'
  | 'locked'
  | 'expired'
  | 'not-yet-valid'
  | 'revoked'
  | 'credential-invalid'
  | 'lifetime'
  | 'throttled'
  | 'unsupported'
  | 'other';

interface RefusalRow {
  readonly pattern: RegExp;
  readonly reason: RefusalReason;
  readonly hint: string;
  readonly retryable?: boolean;
}

/** What servers say, in the order in which it is looked for: the particular before the general. */
const REFUSALS: readonly RefusalRow[] = [
  {
    pattern: /try again (in|after)|too many (wrong|failed)|wait \d+/i,
    reason: 'throttled',
    hint: 'wait as long as the server says, then try again',
    retryable: true,
  },
  {
    pattern: /credential locked/i,
    reason: 'locked',
    hint: 'the operator of the server has locked this credential; ask there',
  },
  {
    pattern: /pass phrase too short|violates local policy/i,
    reason: 'pass-phrase-policy',
    hint: 'choose another pass phrase, of at least 6 characters',
  },
  {
    pattern: /invalid (credential )?pass ?phrase|invalid password|bad password|PAM authentication failed/i,
    reason: 'pass-phrase-wrong',
    hint: 'it is the one given when the credential was stored on the server, not the one of your certificate',
  },
  {
    pattern: /does not match credential to be renewed/i,
    reason: 'renewal-mismatch',
    hint: 'renew with a proxy of the same owner as the stored credential',
  },
  {
    pattern: /self-authz not allowed/i,
    reason: 'not-authorized',
    hint: 'who renews must be somebody else than the owner, unless the server has allow_self_authorization',
  },
  {
    pattern: /no credentials (exist|found)|credentials do not exist|unknown username/i,
    reason: 'no-credentials',
    hint: 'are the user name and the credential name right, is it this server, and was it stored from the same certificate?',
  },
  {
    pattern: /not owned by|does not own|already stored for user/i,
    reason: 'not-owner',
    hint: 'only the certificate that stored a credential may change or remove it; choose another user name or credential name, or ask the operator',
  },
  {
    pattern: /not authorized|policy/i,
    reason: 'not-authorized',
    hint: "the server's policy, or the credential's own, does not allow this to the certificate that was shown (or to a client without one)",
  },
  {
    pattern: /exceeds maximum allowed/i,
    reason: 'lifetime',
    hint: 'ask for a shorter lifetime of the stored credential',
  },
  {
    pattern: /not yet valid/i,
    reason: 'not-yet-valid',
    hint: 'are the clocks of this machine and of the server right?',
  },
  {
    pattern: /expired/i,
    reason: 'expired',
    hint: 'store a new credential; what is stored, or what was shown, has expired',
  },
  { pattern: /revoked/i, reason: 'revoked', hint: 'get a new certificate from your authority and store it' },
  {
    pattern: /credentials are not valid|X509_verify_cert\(\) failed/i,
    reason: 'credential-invalid',
    hint: 'the server must trust the authority of the stored credential, and the whole chain must be sent',
  },
  {
    pattern: /no passphrase/i,
    reason: 'authentication-needed',
    hint: 'give a pass phrase, or a certificate that the server lets renew or retrieve',
  },
  {
    pattern: /unknown command|not supported/i,
    reason: 'unsupported',
    hint: 'this server does not know the command',
  },
];

/** The error of a RESPONSE=1 message. `details.lines` are the server's lines exactly as they came; `details.reason` is a {@link RefusalReason}. */
export function serverRefusal(where: string, lines: readonly string[]): LatchkeyError {
  const row = REFUSALS.find(({ pattern }) => lines.some((line) => pattern.test(line)));
  const said = lines.map((line) => printable(line).trim()).filter((line) => line !== '');
  return new LatchkeyError(
    'myproxy/server-refused',
    said.length === 0 ? `${where} refused without a reason` : `${where} refused: ${said.join('; ')}`,
    {
      hint: row?.hint ?? "the server's log says more",
      retryable: row?.retryable ?? false,
      details: { lines, reason: row?.reason ?? 'other' },
    },
  );
}
