import { LatchkeyError, quote } from '../kit/index.ts';

/**
 * A fully qualified attribute name: membership of a group of a virtual organization, perhaps in a role.
 * Written `/vo/group/Role=production/Capability=NULL`; `NULL` and nothing mean the same.
 */
export interface Fqan {
  /** First component of the group, which is the name of the virtual organization. */
  readonly vo: string;
  /** `/vo` or `/vo/group/subgroup`. */
  readonly group: string;
  readonly role?: string;
  /** Long out of use; kept where a server still sends one. */
  readonly capability?: string;
}

const FQAN =
  /^(?<group>(?:\/[A-Za-z0-9_.-]+)+)(?:\/Role=(?<role>[A-Za-z0-9_.-]+))?(?:\/Capability=(?<capability>[A-Za-z0-9_. -]+))?$/;
const MAX_FQAN = 1024;

/**
 * Reads an FQAN in its long or short form.
 *
 * @throws LatchkeyError `voms/value-invalid` when it is none, or longer than 1024 characters
 */
export function parseFqan(text: string): Fqan {
  const { group, role, capability } = (text.length <= MAX_FQAN && FQAN.exec(text)?.groups) || {};
  if (group === undefined) {
    throw new LatchkeyError('voms/value-invalid', `${quote(text)} is not the name of a group or role`, {
      hint: 'it looks like /vo/group or /vo/group/Role=production',
    });
  }
  return {
    vo: group.split('/')[1] ?? '',
    group,
    ...(isSet(role) ? { role } : {}),
    ...(isSet(capability) ? { capability } : {}),
  };
}

/** `long`: `/vo/Role=NULL/Capability=NULL`, as servers write it. `short`, the default: without what is not set. */
export function formatFqan(fqan: Fqan, form: 'long' | 'short' = 'short'): string {
  const { group, role, capability } = fqan;
  if (form === 'long') return `${group}/Role=${role ?? 'NULL'}/Capability=${capability ?? 'NULL'}`;
  return `${group}${role === undefined ? '' : `/Role=${role}`}${capability === undefined ? '' : `/Capability=${capability}`}`;
}

/** True when both mean the same group and role, whatever form they are written in. Case counts. */
export function fqansEqual(a: Fqan, b: Fqan): boolean {
  return a.group === b.group && a.role === b.role && a.capability === b.capability;
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== 'NULL';
}
