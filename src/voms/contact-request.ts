import { LatchkeyError, quote } from '../kit/index.ts';
import { formatFqan, parseFqan } from './fqan.ts';
import { isOrganisation } from './vomses.ts';

/** What a server of a virtual organisation is asked for. */
export interface AttributeRequest {
  /**
   * Groups and roles as the user named them, without `Role=NULL` and `Capability=NULL`: the first becomes the proxy's first
   * attribute. `all` = every group and every role. Groups the user is in come along in any case.
   */
  readonly fqans: readonly string[] | 'all';
  /** What shall be first among the attributes of the answer, whatever was asked for. */
  readonly order: readonly string[];
  /** Hosts that alone may accept the attributes; none = every host. */
  readonly targets: readonly string[];
  /** Seconds; the server may give less. 0 = as long as the server gives. */
  readonly lifetimeSeconds: number;
}

/** Most groups and roles of one request. */
export const MAX_FQANS = 100;

/** Most hosts an attribute certificate may be meant for. */
export const MAX_TARGETS = 50;

/** What one user may ask of one organisation, as `-voms` names it: `vo`, `vo:all`, `vo:/vo/group/Role=x`. */
export interface VomsWish {
  /** Organisation or alias. */
  readonly name: string;
  /** Undefined = the organisation itself, which is its main group. */
  readonly command?: string;
}

/**
 * Reads the value of `-voms`.
 *
 * @throws LatchkeyError `voms/value-invalid`
 */
export function parseVomsWish(text: string): VomsWish {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  if (!/^[^\s"/]{1,255}$/.test(name)) {
    throw new LatchkeyError('voms/value-invalid', `${quote(text)} names no virtual organisation`, {
      hint: 'for example: atlas, or atlas:/atlas/analysis/Role=production',
    });
  }
  const command = colon < 0 ? '' : text.slice(colon + 1);
  return command === '' ? { name } : { name, command };
}

/**
 * The attributes that a list of commands asks of an organisation: nothing = its main group; `/Role=x` = that role in the main
 * group; several may also be joined by commas.
 *
 * @throws LatchkeyError `voms/value-invalid` for what no server could be asked
 */
export function askedFqans(vo: string, commands: readonly (string | undefined)[]): AttributeRequest['fqans'] {
  const asked = commands.flatMap((command) => (command ?? `/${vo}`).split(','));
  if (asked.includes('all')) return 'all';
  return [...new Set(asked.map((text) => readAsked(vo, text)))];
}

function readAsked(vo: string, text: string): string {
  return checkedFqan(text.startsWith('/Role=') ? `/${vo}${text}` : text);
}

/**
 * An attribute name in its short form, without `Role=NULL` and `Capability`: `/vo/group`, `/vo/group/Role=x`.
 *
 * @throws LatchkeyError `voms/value-invalid`
 */
export function checkedFqan(text: string): string {
  const { capability: _, ...fqan } = parseFqan(text);
  return formatFqan(fqan);
}

/** @throws LatchkeyError `voms/value-invalid` for a request that would not reach a server as it is meant */
export function checkRequest(vo: string, request: AttributeRequest): void {
  const { fqans, order, targets, lifetimeSeconds } = request;
  if (!isOrganisation(vo)) {
    throw new LatchkeyError('voms/value-invalid', `${quote(vo)} is no name of a virtual organisation`);
  }
  const named = [...(fqans === 'all' ? [] : fqans), ...order];
  for (const fqan of named) checkedFqan(fqan);
  if (named.length > MAX_FQANS) throw tooMany(named.length, 'groups and roles', MAX_FQANS);
  if (targets.length > MAX_TARGETS) throw tooMany(targets.length, 'target hosts', MAX_TARGETS);
  for (const target of targets) {
    if (!/^[\w.:-]{1,255}$/.test(target)) {
      throw new LatchkeyError(
        'voms/value-invalid',
        `${quote(target)} is no host that attributes can be meant for`,
      );
    }
  }
  if (!Number.isSafeInteger(lifetimeSeconds) || lifetimeSeconds < 0) {
    throw new LatchkeyError('voms/value-invalid', `a lifetime of ${lifetimeSeconds} s cannot be asked for`);
  }
}

function tooMany(count: number, what: string, most: number): LatchkeyError {
  return new LatchkeyError(
    'voms/value-invalid',
    `${count} ${what} are asked for, where ${most} are the limit`,
  );
}
