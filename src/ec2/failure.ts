import { LatchkeyError, printable, quote } from '../kit/index.ts';
import { elementAt, textAt, type XmlElement } from './xml.ts';

const CHECK_KEYS = 'check access key id and secret of the EC2 context';

/** What the user can do about a refusal, by AWS's code. */
const HINTS: Readonly<Record<string, string>> = {
  AuthFailure: CHECK_KEYS,
  InvalidClientTokenId: CHECK_KEYS,
  SignatureDoesNotMatch: `${CHECK_KEYS}; is the clock of this machine right?`,
  RequestExpired: 'temporary credentials have ended, or the clock of this machine is wrong',
  ExpiredToken: 'temporary credentials have ended: get new ones',
  OptInRequired: 'this account has not subscribed to the service',
  UnauthorizedOperation: 'this access key may not do that: ask for the permission to be given',
  'InvalidKeyPair.NotFound': 'no key pair of that name is registered in this region',
  'InvalidKeyPair.Duplicate': 'another key is registered under that name: choose another name',
  'InvalidAMIID.NotFound': 'images belong to one region: is it the right one?',
  VPCIdNotSpecified: 'this account has no default network: name a subnet and its network',
  InstanceLimitExceeded: 'terminate instances that are not needed, or ask for a higher limit',
  VcpuLimitExceeded: 'terminate instances that are not needed, or ask for a higher limit',
  InsufficientInstanceCapacity: 'try later, another instance type, or another subnet',
  IdempotentParameterMismatch: 'this tag was used for another start already: choose a new one',
};

const THROTTLED = new Set([
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'EC2ThrottledException',
]);

/** Answered like a failure of the service, but asking again at once does not help. */
const CAPACITY = new Set(['InsufficientInstanceCapacity', 'InsufficientHostCapacity', 'Unsupported']);

/** An answer that is no success, as far as it could be read. */
export interface FailureAnswer {
  readonly status: number;
  readonly document?: XmlElement | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/**
 * Our error for an answer that is no success: `ec2/refused`, or `ec2/unavailable` for throttling and 5xx. `details`: `awsCode`,
 * `status`, `action`, `requestId`, `retryAfterSeconds`. What the endpoint says is repeated only where it shares no text with `secrets`.
 */
export function failureOf(action: string, answer: FailureAnswer, secrets: readonly string[]): LatchkeyError {
  const { status, document, retryAfterSeconds } = answer;
  const said = document === undefined ? undefined : elementAt(document, 'Errors', 'Error');
  const awsCode = said === undefined ? undefined : textAt(said, 'Code');
  const isThrottled = status === 429 || (awsCode !== undefined && THROTTLED.has(awsCode));
  const isUnavailable = isThrottled || status >= 500;
  const shownCode = shown(awsCode ?? '', secrets, 80);
  const message = said === undefined ? '' : shown(textAt(said, 'Message') ?? '', secrets, 300);
  const requestId =
    document === undefined ? undefined : (textAt(document, 'RequestID') ?? textAt(document, 'RequestId'));
  const what = shownCode === '' ? `HTTP ${status}` : shownCode;
  return new LatchkeyError(
    isUnavailable ? 'ec2/unavailable' : 'ec2/refused',
    `EC2 answered ${action} with ${what}${message === '' ? '' : `: ${quote(message, 300)}`}`,
    {
      hint: hintOf(awsCode, isThrottled, isUnavailable),
      retryable: isUnavailable,
      details: {
        action,
        status,
        ...(shownCode === '' ? {} : { awsCode: shownCode }),
        ...(requestId === undefined ? {} : { requestId: shown(requestId, secrets, 80) }),
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      },
    },
  );
}

/** True when asking the same again, after a pause, may be answered. */
export function isWorthAsking(error: unknown): error is LatchkeyError {
  if (!(error instanceof LatchkeyError) || !error.retryable) return false;
  return !CAPACITY.has(awsCodeOf(error) ?? '') && error.code !== 'http/tls';
}

/** AWS's own code in an error of ours. */
export function awsCodeOf(error: unknown): string | undefined {
  const code = error instanceof LatchkeyError ? error.details.awsCode : undefined;
  return typeof code === 'string' ? code : undefined;
}

function hintOf(awsCode: string | undefined, isThrottled: boolean, isUnavailable: boolean): string {
  const known = awsCode !== undefined && Object.hasOwn(HINTS, awsCode) ? HINTS[awsCode] : undefined;
  if (known !== undefined) return known;
  if (isThrottled) return 'the account makes too many requests: try again later';
  return isUnavailable
    ? 'the endpoint has trouble of its own: try again later'
    : 'see the EC2 documentation of this code';
}

/** Shorter pieces than this may be shared by chance. */
const SHARED = 12;

/** What an endpoint said, printable and cut, unless a piece of a secret is in it. */
function shown(text: string, secrets: readonly string[], max: number): string {
  const cut = text.slice(0, 2 * max);
  for (let at = 0; at + SHARED <= cut.length; at += 1) {
    const piece = cut.slice(at, at + SHARED);
    if (secrets.some((secret) => secret.includes(piece))) return '[withheld]';
  }
  return printable(cut).slice(0, max);
}
