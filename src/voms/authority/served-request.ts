import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import { type AttributeRequest, checkedFqan, MAX_FQANS, MAX_TARGETS } from '../contact-request.ts';
import { readLegacyCommands } from './legacy-commands.ts';

/** A request as an authority understands it. */
export interface ServedRequest {
  readonly protocol: 'rest' | 'legacy';
  /** Undefined when `problem` says why there is none. */
  readonly request?: AttributeRequest;
  readonly problem?: RequestProblem;
  /** Things the client said that are not known here. */
  readonly hasUnknown: boolean;
  /** The older interface: the answer in ordinary base64, not in VOMS' own. */
  readonly wantsBase64: boolean;
}

/** Why a request is none. */
interface RequestProblem {
  readonly kind: 'not-found' | 'malformed';
  readonly message: string;
}

/** Longest request that is read; a hundred groups with long names are much less. */
const MAX_REQUEST_BYTES = 64 * 1024;

/** Longer than this is asked for by nobody; the authority shortens it anyway. */
const MAX_LIFETIME = 2 ** 31;

/**
 * Reads what a client has sent so far. The C++ programs begin with a byte `0` (GSI for "no delegation") and end lines with a bare LF;
 * a REST request ends with an empty line, a request of the older interface with `</voms>`. Pure.
 *
 * @param lookedAt how many of the bytes an earlier call has seen, which are not searched for an end again
 * @returns undefined while the request is not complete
 */
export function readServedRequest(bytes: Buffer, lookedAt = 0): ServedRequest | undefined {
  const start = bytes.toString('latin1', 0, 5).replace(/^0/, '');
  if (start === '') return undefined;
  const isTooLong = bytes.length > MAX_REQUEST_BYTES;
  if (start.startsWith('<')) {
    if (isTooLong) return refused('legacy', 'malformed', tooLong());
    return endsIn(bytes, ['</voms>'], lookedAt) ? readLegacy(textOf(bytes)) : undefined;
  }
  if ('GET '.startsWith(start.slice(0, 4))) {
    if (endsIn(bytes, ['\n\n', '\n\r\n'], lookedAt))
      return readRest(textOf(bytes).split(/\r?\n\r?\n/, 1)[0] ?? '');
    return isTooLong ? refused('rest', 'malformed', tooLong()) : undefined;
  }
  return refused('rest', 'malformed', 'neither GET nor an XML request');
}

function endsIn(bytes: Buffer, ends: readonly string[], lookedAt: number): boolean {
  return ends.some((end) => bytes.indexOf(end, Math.max(0, lookedAt - end.length + 1), 'latin1') >= 0);
}

function textOf(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/^0/, '');
}

function tooLong(): string {
  return `the request is longer than ${MAX_REQUEST_BYTES} bytes`;
}

function readRest(head: string): ServedRequest {
  const match = /^GET (\S{1,65536}) HTTP\/1\.[01]$/.exec(head.split(/\r?\n/, 1)[0] ?? '');
  if (match === null) return refused('rest', 'malformed', 'the first line is no GET of HTTP/1');
  const [path = '', query] = (match[1] ?? '').split(/\?(.*)/s);
  if (path !== '/generate-ac') return refused('rest', 'not-found', 'only /generate-ac is here');
  return attempt('rest', () => readQuery(query ?? ''));
}

function readQuery(query: string): ServedRequest {
  const values = new Map<string, string>();
  let hasUnknown = false;
  for (const part of query.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const key = at < 0 ? part : part.slice(0, at);
    if (!PARAMETERS.includes(key)) hasUnknown = true;
    else if (values.has(key)) throw bad(`the parameter ${key} is there twice`);
    else values.set(key, decode(at < 0 ? '' : part.slice(at + 1)));
  }
  const asked = listOf(values.get('fqans'));
  return {
    protocol: 'rest',
    request: {
      fqans: asked.includes('all') ? 'all' : asked.map(checkedFqan),
      order: listOf(values.get('order')).map(checkedFqan),
      targets: targetsOf(values.get('targets')),
      lifetimeSeconds: lifetimeOf(values.get('lifetime')),
    },
    hasUnknown,
    wantsBase64: true,
  };
}

const PARAMETERS = ['fqans', 'lifetime', 'order', 'targets'];

/** Nobody encodes and servers do not decode; but who does encode means what he says. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad('a parameter is not well encoded');
  }
}

function readLegacy(text: string): ServedRequest {
  return attempt('legacy', () => {
    const { commands, order, targets, lifetime, wantsBase64, hasUnknown } = readLegacyCommands(text);
    return {
      protocol: 'legacy',
      request: {
        fqans: commands,
        order: listOf(order).map(orderedFqan),
        targets: targetsOf(targets),
        lifetimeSeconds: lifetimeOf(lifetime),
      },
      hasUnknown,
      wantsBase64,
    };
  });
}

/** `/vo/group:role` of the older interface, or an FQAN. */
function orderedFqan(text: string): string {
  const [group = '', role] = text.split(':');
  return checkedFqan(role === undefined || role === '' ? group : `${group}/Role=${role}`);
}

function attempt(protocol: ServedRequest['protocol'], read: () => ServedRequest): ServedRequest {
  try {
    const served = read();
    const { fqans, order } = served.request ?? { fqans: [], order: [] };
    const count = (fqans === 'all' ? 0 : fqans.length) + order.length;
    return count > MAX_FQANS
      ? refused(protocol, 'malformed', `${count} groups and roles, where ${MAX_FQANS} are the limit`)
      : served;
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    return refused(protocol, 'malformed', error.message);
  }
}

function refused(
  protocol: ServedRequest['protocol'],
  kind: RequestProblem['kind'],
  message: string,
): ServedRequest {
  return { protocol, problem: { kind, message }, hasUnknown: false, wantsBase64: true };
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').filter((part) => part !== '');
}

function targetsOf(text: string | undefined): readonly string[] {
  const targets = listOf(text);
  if (targets.length > MAX_TARGETS)
    throw bad(`${targets.length} targets, where ${MAX_TARGETS} are the limit`);
  const wrong = targets.find((target) => !/^[\w.:-]{1,255}$/.test(target));
  if (wrong !== undefined) throw bad('a target is no host name');
  return targets;
}

/** Servers take what is no number, or below 1, for no wish. */
function lifetimeOf(text: string | undefined): number {
  const seconds = /^\d{1,15}$/.test(text?.trim() ?? '') ? Number(text) : 0;
  return Math.min(seconds, MAX_LIFETIME);
}

function bad(message: string): LatchkeyError {
  return new LatchkeyError('voms/value-invalid', message);
}
