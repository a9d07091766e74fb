import { type ErrorCode, LatchkeyError } from '../kit/index.ts';
import { redact } from './redaction.ts';

/** What an OAuth error code means for us. */
interface Meaning {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryable?: boolean;
}

const LOG_IN_AGAIN = 'log in again: the permission has ended, was withdrawn, or was used already';
const CHECK_CLIENT = "check the client id, its secret or key, and how the server's operator registered it";
const LATER = 'the server has trouble of its own: it will be tried again';

/** RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5, RFC 8707 §2, RFC 7009 §2.2.1, OpenID Connect Core §3.1.2.6. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  invalid_grant: { code: 'oauth/invalid-grant', hint: LOG_IN_AGAIN },
  login_required: { code: 'oauth/invalid-grant', hint: LOG_IN_AGAIN },
  interaction_required: { code: 'oauth/invalid-grant', hint: LOG_IN_AGAIN },
  consent_required: { code: 'oauth/invalid-grant', hint: LOG_IN_AGAIN },
  invalid_client: { code: 'oauth/refused', hint: CHECK_CLIENT },
  unauthorized_client: { code: 'oauth/refused', hint: CHECK_CLIENT },
  unsupported_grant_type: {
    code: 'oauth/refused',
    hint: 'this server or client cannot use this way of login',
  },
  unsupported_response_type: { code: 'oauth/refused', hint: CHECK_CLIENT },
  unsupported_token_type: { code: 'oauth/refused', hint: 'this server does not revoke such tokens' },
  invalid_request: { code: 'oauth/refused', hint: 'the server does not accept the request as it was made' },
  invalid_scope: { code: 'oauth/refused', hint: 'ask for scopes that this server grants to this client' },
  invalid_target: { code: 'oauth/refused', hint: 'ask for an audience (resource) that this server knows' },
  access_denied: { code: 'oauth/denied', hint: 'the login or the consent was refused: start again to agree' },
  expired_token: { code: 'oauth/expired', hint: 'the code was not used in time: start again' },
  authorization_pending: { code: 'oauth/pending', hint: 'the login is not finished yet', retryable: true },
  slow_down: { code: 'oauth/pending', hint: 'the login is not finished yet', retryable: true },
  temporarily_unavailable: { code: 'oauth/unavailable', hint: LATER, retryable: true },
  server_error: { code: 'oauth/unavailable', hint: LATER, retryable: true },
};

const UNKNOWN: Meaning = { code: 'oauth/refused', hint: "ask the server's operator" };

/** An `error` answer of a server, at an endpoint or in a redirect. */
export interface OAuthErrorAnswer {
  readonly error: string;
  readonly description?: string | undefined;
  readonly status?: number | undefined;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
  readonly where: string;
}

/**
 * Our error for what a server refused. `details.oauthError` is the server's code, `details.status` the HTTP status and
 * `details.retryAfterSeconds` its wish, where given.
 */
export function refusal(answer: OAuthErrorAnswer, secrets: readonly string[]): LatchkeyError {
  const error = redact(answer.error, secrets).slice(0, 60);
  const meaning = (Object.hasOwn(MEANINGS, answer.error) ? MEANINGS[answer.error] : undefined) ?? UNKNOWN;
  const said = answer.description === undefined ? '' : `: ${redact(answer.description, secrets)}`;
  return new LatchkeyError(meaning.code, `${answer.where} answered ${error}${said}`, {
    hint: meaning.hint,
    retryable: meaning.retryable ?? false,
    details: answerDetails({ ...answer, error }),
  });
}

/** Our error for a status that says the server, not the request, is in trouble: 429 and 5xx. */
export function unavailable(
  where: string,
  status: number,
  retryAfter: number | undefined,
  said?: string,
): LatchkeyError {
  const text = said === undefined || said === '' ? '' : `: ${said}`;
  return new LatchkeyError('oauth/unavailable', `${where} answered HTTP ${status}${text}`, {
    hint: status === 429 ? 'the server asks for fewer requests: it will be tried again later' : LATER,
    retryable: true,
    details: answerDetails({ status, retryAfter }),
  });
}

function answerDetails(answer: Partial<OAuthErrorAnswer>): Record<string, unknown> {
  return {
    ...(answer.error === undefined ? {} : { oauthError: answer.error }),
    ...(answer.status === undefined ? {} : { status: answer.status }),
    ...(answer.retryAfter === undefined ? {} : { retryAfterSeconds: answer.retryAfter }),
  };
}
