import { timingSafeEqual } from 'node:crypto';
import { LatchkeyError, quote } from '../../../kit/index.ts';

/** Where a job is to listen. Port 0 = any that is free. */
export type ModelPlace = { readonly unix: string } | { readonly host: string; readonly port: number };

/** What a job is told over the descriptor, as one line of JSON. */
export interface Instruction {
  readonly version: 1;
  readonly job: string;
  /** To be given back with the report; good once. */
  readonly token: string;
  /** What the job's clients must know: the token of the handshake, or Pyro's HMAC key. */
  readonly key: string;
  readonly listen: ModelPlace;
}

/** Number of the descriptor, in the environment as `LATCHKEY_MODEL_FD`. */
export const REPORT_DESCRIPTOR = 3;
export const DESCRIPTOR_VARIABLE = 'LATCHKEY_MODEL_FD';
/** Longest line either side sends. */
export const MAX_REPORT_BYTES = 16_384;

/** What a job has reported and we have checked. */
export interface Report {
  readonly uri: string;
  /** 0 for a Unix socket. */
  readonly port: number;
  /** How clients show that they know the key: in the handshake, or on every message as Pyro4 does (default). */
  readonly protection: 'token' | 'hmac';
}

/**
 * Reads the line a job reports with: `{"token": …, "uri": "PYRO:object@host:port", "protection": "hmac"}`, or `{"token": …, "error": "why not"}`.
 * The address must be the one it was told to listen on: a report cannot send clients to another place.
 *
 * @throws LatchkeyError `remote/start-failed`
 */
export function readReport(line: string, { job, token, listen }: Instruction): Report {
  const wrong = (what: string) =>
    new LatchkeyError('remote/start-failed', `${job} reports ${what}`, {
      hint: `it must write {"token": …, "uri": "PYRO:…"} to descriptor ${REPORT_DESCRIPTOR}, with the token it was given`,
    });
  let report: unknown;
  try {
    report = JSON.parse(line);
  } catch {
    throw wrong('something that is not JSON');
  }
  if (typeof report !== 'object' || report === null) throw wrong('something that is no object');
  const { token: given, uri, error, protection: by } = report as Record<string, unknown>;
  if (typeof given !== 'string' || !isEqual(given, token)) throw wrong('without the token it was given');
  if (typeof error === 'string')
    throw new LatchkeyError('remote/start-failed', `${job} could not start: ${quote(error)}`);
  if (typeof uri !== 'string' || uri.length > 1000) throw wrong('no address');
  if (/[\p{Cc}\p{Cs}]/u.test(uri)) throw wrong(`${quote(uri)}, which has characters that no address has`);
  const protection = by === 'token' ? 'token' : 'hmac';
  const [, location] = /^PYRO:[^\s@]+@(.+)$/.exec(uri) ?? [];
  if (location === undefined) throw wrong(`${quote(uri)}, which is no address`);
  if ('unix' in listen) {
    if (location !== `./u:${listen.unix}`) throw wrong(`${quote(location)} instead of its own socket`);
    return { uri, port: 0, protection };
  }
  const [, six, four, port = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(location) ?? [];
  const host = six ?? four;
  const number = Number(port);
  if (host !== listen.host || !(number >= 1 && number <= 65_535))
    throw wrong(`${quote(location)} instead of ${quote(listen.host)}`);
  if (listen.port !== 0 && number !== listen.port) throw wrong(`port ${number} instead of ${listen.port}`);
  return { uri, port: number, protection };
}

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
