import * as oauth from 'oauth4webapi';
import { type ErrorCode, LatchkeyError } from '../kit/index.ts';

/** How an error of the library reads as ours. */
interface Reading {
  readonly code: ErrorCode;
  readonly about: string;
  readonly hint: string;
}

const URLS: Reading = {
  code: 'oauth/config',
  about: "the server's URLs cannot be used",
  hint: "check the server's URLs in the configuration",
};
const INSECURE: Reading = {
  code: 'http/insecure',
  about: 'expected an https URL',
  hint: 'secrets travel over https only: use the https address of this server',
};
const OTHERS: Reading = {
  code: 'oauth/mismatch',
  about: "the server's answer is not for this login",
  hint: 'start again; if it stays, check the issuer, the client id and the clocks',
};
const UNUSABLE: Reading = {
  code: 'oauth/bad-response',
  about: "the server's answer cannot be used",
  hint: "ask the server's operator",
};

const READINGS: Readonly<Record<string, Reading>> = {
  [oauth.MISSING_SERVER_METADATA]: URLS,
  [oauth.INVALID_SERVER_METADATA]: URLS,
  [oauth.HTTP_REQUEST_FORBIDDEN]: INSECURE,
  [oauth.REQUEST_PROTOCOL_FORBIDDEN]: INSECURE,
  [oauth.JWT_TIMESTAMP_CHECK]: OTHERS,
  [oauth.JWT_CLAIM_COMPARISON]: OTHERS,
  [oauth.INVALID_RESPONSE]: UNUSABLE,
  [oauth.RESPONSE_IS_NOT_JSON]: UNUSABLE,
  [oauth.RESPONSE_IS_NOT_CONFORM]: UNUSABLE,
  [oauth.KEY_SELECTION]: UNUSABLE,
  [oauth.PARSE_ERROR]: UNUSABLE,
  [oauth.UNSUPPORTED_OPERATION]: UNUSABLE,
};

/** The library's errors as ours. Their causes hold whole answers, so they are not kept; their sentences are fixed texts. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof LatchkeyError) return error;
  const reading = READINGS[String((error as { code?: unknown }).code)];
  if (reading === undefined) return error;
  const { code, about, hint } = reading;
  return new LatchkeyError(code, `${about}: ${error.message.replace(/\.$/, '')}`, { hint });
}
