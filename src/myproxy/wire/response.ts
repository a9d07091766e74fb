import { LatchkeyError, quote } from '../../kit/index.ts';
import { type CredentialInfo, formatCredentialInfos, parseCredentialInfos } from './credential-info.ts';
import {
  type Field,
  formatField,
  formatMessage,
  PROTOCOL_VERSION,
  parseFields,
  parseInteger,
} from './text-fields.ts';

/** One way of authenticating that the server offers, with its data. */
export interface Challenge {
  /** `X509_certificate`, `X509_certificate_SHA256`, `SASL`, `password`. */
  readonly method: string;
  readonly data: string;
}

/** A server's text message. */
export type Response =
  | {
      readonly status: 'ok';
      readonly credentials?: readonly CredentialInfo[];
      /** File name → contents. */
      readonly trustRoots?: ReadonlyMap<string, Buffer>;
    }
  | { readonly status: 'error'; readonly lines: readonly string[] }
  | { readonly status: 'authorization'; readonly challenges: readonly Challenge[] };

const STATUS_NUMBER = { ok: '0', error: '1', authorization: '2' } as const;

/** Encodes a response, its fields in the order of the C server, with the final NUL. */
export function encodeResponse(response: Response): Buffer {
  const lines = [
    formatField('VERSION', PROTOCOL_VERSION),
    formatField('RESPONSE', STATUS_NUMBER[response.status]),
  ];
  if (response.status === 'authorization') {
    for (const { method, data } of response.challenges) {
      lines.push(formatField('AUTHORIZATION_DATA', `${method}:${data}`));
    }
  } else if (response.status === 'error') {
    for (const line of response.lines.flatMap((text) => text.split('\n'))) {
      lines.push(formatField('ERROR', line.replaceAll('\0', '')));
    }
  } else {
    lines.push(...formatCredentialInfos(response.credentials ?? []));
    lines.push(...formatTrustRoots(response.trustRoots ?? new Map()));
  }
  return formatMessage(lines);
}

/**
 * Reads a response. Missing fields are tolerated where the meaning is clear: an error without text has no lines,
 * an `ERROR` without `RESPONSE` is an error. The contents of trust roots are not judged here.
 *
 * @throws LatchkeyError `myproxy/malformed`
 */
export function parseResponse(message: Buffer): Response {
  const fields = parseFields(message);
  const version = first(fields, 'VERSION')?.toString('utf8');
  if (version !== PROTOCOL_VERSION) {
    throw new LatchkeyError(
      'myproxy/malformed',
      `expected a response with VERSION=${PROTOCOL_VERSION} and got ${quote(message.toString('latin1', 0, 80), 80)}`,
      { hint: 'check that a MyProxy server listens on this port' },
    );
  }
  const lines = all(fields, 'ERROR').map((value) => value.toString('utf8'));
  const number = first(fields, 'RESPONSE');
  const status = number === undefined ? undefined : parseInteger('RESPONSE', number);
  if (status === 1 || (status === undefined && lines.length > 0)) return { status: 'error', lines };
  if (status === 2) {
    return {
      status: 'authorization',
      challenges: all(fields, 'AUTHORIZATION_DATA').map(parseChallenge),
    };
  }
  if (status !== 0) {
    throw new LatchkeyError(
      'myproxy/malformed',
      `expected RESPONSE to be 0, 1 or 2 and got ${status === undefined ? 'none' : status}`,
    );
  }
  const credentials = parseCredentialInfos(message);
  const trustRoots = parseTrustRoots(fields);
  return {
    status: 'ok',
    ...(credentials.length === 0 ? {} : { credentials }),
    ...(trustRoots === undefined ? {} : { trustRoots }),
  };
}

/**
 * `TRUSTED_CERTS` and, directly after it and in its order (jglobus wants that), the `FILEDATA` lines.
 * Left out are names that the list cannot carry, and empty files: one aborts a C client's whole installation.
 */
function formatTrustRoots(trustRoots: ReadonlyMap<string, Buffer>): Buffer[] {
  const sent = [...trustRoots].filter(([name, data]) => data.length > 0 && /^[^,=/\n\r\0]+$/.test(name));
  if (sent.length === 0) return [];
  return [
    formatField('TRUSTED_CERTS', sent.map(([name]) => name).join(',')),
    ...sent.map(([name, data]) => formatField(`FILEDATA_${name}`, data.toString('base64'))),
  ];
}

function parseTrustRoots(fields: readonly Field[]): Map<string, Buffer> | undefined {
  const list = first(fields, 'TRUSTED_CERTS')?.toString('utf8');
  if (list === undefined) return undefined;
  const data = new Map(fields.map(({ key, value }) => [key, value]));
  const trustRoots = new Map<string, Buffer>();
  for (const name of list.split(',')) {
    const base64 = data.get(`FILEDATA_${name}`)?.toString('latin1');
    if (name === '' || base64 === undefined) continue;
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
      throw new LatchkeyError('myproxy/malformed', `the trust root ${quote(name, 80)} is not base64`);
    }
    trustRoots.set(name, Buffer.from(base64, 'base64'));
  }
  return trustRoots;
}

function parseChallenge(value: Buffer): Challenge {
  const text = value.toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0
    ? { method: text, data: '' }
    : { method: text.slice(0, colon), data: text.slice(colon + 1) };
}

function first(fields: readonly Field[], key: string): Buffer | undefined {
  return fields.find((field) => field.key === key)?.value;
}

function all(fields: readonly Field[], key: string): Buffer[] {
  return fields.filter((field) => field.key === key).map((field) => field.value);
}
