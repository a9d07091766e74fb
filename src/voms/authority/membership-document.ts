import { type Finding, nearestName, quote, quoteValue } from '../../kit/index.ts';
import { formatOneline, parseOneline } from '../../x509/index.ts';
import { formatFqan, parseFqan } from '../fqan.ts';
import { isOrganisation } from '../vomses.ts';
import type { MembershipContents, NamedValue, VoMember } from './membership.ts';

const DAY = 86_400;
const HOUR = 3_600;
const MAX_LIFETIME_HOURS = 24 * 366;
const MAX_MEMBERS = 1_000_000;
const MAX_OF_A_MEMBER = 1_000;
const MAX_TEXT = 4_096;
const MAX_FINDINGS = 50;

const KEYS = {
  file: ['vo', 'max_lifetime_hours', 'default_lifetime_hours', 'group', 'member'],
  group: ['name', 'attributes'],
  member: ['dn', 'ca', 'groups', 'roles', 'attributes', 'suspended', 'until'],
} as const;

/**
 * Reads a membership file's document (TOML already parsed), strictly: unknown keys, groups that are not declared, and names that
 * cannot be right are findings, and a file with findings is not used at all. Half a list of members would refuse the rest.
 */
export function readMembership(document: unknown): MembershipContents {
  const findings: Finding[] = [];
  const report = (message: string): void => {
    if (findings.length < MAX_FINDINGS) findings.push({ code: 'membership', message });
  };
  const file = tableOf(document, 'the file', KEYS.file, report);
  const vo = file.vo;
  if (typeof vo !== 'string' || !isOrganisation(vo)) {
    report(
      'vo: the name of the virtual organisation is missing, or not of letters, digits and "_", and further on "." and "-"',
    );
    return { findings };
  }
  const maxLifetimeSeconds = lifetime(file.max_lifetime_hours, 'max_lifetime_hours', DAY, report);
  const defaultLifetimeSeconds = lifetime(
    file.default_lifetime_hours,
    'default_lifetime_hours',
    Math.min(12 * HOUR, maxLifetimeSeconds),
    report,
  );
  const groupAttributes = new Map<string, readonly NamedValue[]>();
  const declared = new Set([`/${vo}`]);
  for (const [index, entry] of listOf(file.group, 'group', MAX_OF_A_MEMBER, report).entries()) {
    const where = `group ${index + 1}`;
    const group = tableOf(entry, where, KEYS.group, report);
    const name = fqanOf(group.name, vo, where, report);
    if (name === undefined) continue;
    declared.add(name.includes('/Role=') ? name.slice(0, name.indexOf('/Role=')) : name);
    const attributes = valuesOf(group.attributes, where, report);
    if (attributes.length > 0) groupAttributes.set(name, attributes);
  }
  const members = new Map<string, VoMember[]>();
  for (const [index, entry] of listOf(file.member, 'member', MAX_MEMBERS, report).entries()) {
    const member = readMember(entry, { vo, declared, where: `member ${index + 1}` }, report);
    if (member === undefined) continue;
    const same = members.get(member.dn) ?? [];
    if (same.some(({ ca }) => ca === member.ca || ca === undefined || member.ca === undefined)) {
      report(`member ${index + 1}: ${quote(member.dn)} is there twice`);
    }
    members.set(member.dn, [...same, member]);
  }
  if (findings.length > 0) return { findings };
  return {
    membership: { vo, maxLifetimeSeconds, defaultLifetimeSeconds, groupAttributes, members },
    findings,
  };
}

type Report = (message: string) => void;

function readMember(
  entry: unknown,
  { vo, declared, where }: { vo: string; declared: ReadonlySet<string>; where: string },
  report: Report,
): VoMember | undefined {
  const member = tableOf(entry, where, KEYS.member, report);
  const dn = nameOf(member.dn, `${where}: dn`, report);
  const ca = member.ca === undefined ? undefined : nameOf(member.ca, `${where}: ca`, report);
  const named = (value: unknown, key: string): string[] =>
    listOf(value, `${where}: ${key}`, MAX_OF_A_MEMBER, report).flatMap(
      (text) => fqanOf(text, vo, where, report) ?? [],
    );
  const groups = named(member.groups, 'groups');
  const roles = named(member.roles, 'roles');
  for (const group of groups) {
    if (group.includes('/Role=')) report(`${where}: ${quote(group)} is a role, and belongs to "roles"`);
    else if (!declared.has(group)) report(undeclared(where, group, declared));
  }
  for (const role of roles) {
    const group = role.slice(0, role.indexOf('/Role='));
    if (!role.includes('/Role=')) report(`${where}: ${quote(role)} is a group, and belongs to "groups"`);
    else if (!declared.has(group)) report(undeclared(where, group, declared));
    else if (group !== `/${vo}` && !groups.includes(group)) {
      report(`${where}: ${quote(role)} is a role of a group that the member is not in`);
    }
  }
  const { suspended, until } = member;
  if (suspended !== undefined && typeof suspended !== 'boolean' && !isText(suspended)) {
    report(`${where}: suspended is true, or the reason`);
  }
  if (until !== undefined && !(until instanceof Date))
    report(`${where}: until is a date, such as 2027-06-30`);
  if (dn === undefined) return undefined;
  return {
    dn,
    ...(ca === undefined ? {} : { ca }),
    groups: [...new Set([`/${vo}`, ...groups])],
    roles: [...new Set(roles)],
    attributes: valuesOf(member.attributes, where, report),
    ...(suspended === true ? { suspended: '' } : typeof suspended === 'string' ? { suspended } : {}),
    ...(until instanceof Date ? { until } : {}),
  };
}

function undeclared(where: string, group: string, declared: ReadonlySet<string>): string {
  const close = nearestName(group, [...declared]);
  const hint = close === undefined ? 'add a [[group]] with that name' : `did you mean ${quote(close)}?`;
  return `${where}: the group ${quote(group)} is not declared; ${hint}`;
}

function tableOf(
  value: unknown,
  where: string,
  known: readonly string[],
  report: Report,
): Readonly<Record<string, unknown>> {
  if (!isTable(value)) {
    report(`${where}: a table is expected`);
    return {};
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const close = nearestName(key, known);
    report(`${where}: unknown key ${quote(key)}${close === undefined ? '' : `; did you mean ${close}?`}`);
  }
  return value;
}

function listOf(value: unknown, where: string, most: number, report: Report): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) report(`${where}: a list is expected`);
  else if (value.length > most) report(`${where}: ${value.length} entries, where ${most} are the limit`);
  else return value;
  return [];
}

function valuesOf(value: unknown, where: string, report: Report): readonly NamedValue[] {
  if (value === undefined) return [];
  if (!isTable(value)) {
    report(`${where}: attributes are a table of texts`);
    return [];
  }
  return Object.entries(value).flatMap(([name, text]) => {
    if (isText(name) && typeof text === 'string' && text.length <= MAX_TEXT && !hasControls(text)) {
      return [{ name, value: text }];
    }
    report(`${where}: the attribute ${quote(name)} has no text for a value`);
    return [];
  });
}

function fqanOf(value: unknown, vo: string, where: string, report: Report): string | undefined {
  try {
    const fqan = parseFqan(typeof value === 'string' ? value : '');
    if (fqan.vo === vo && fqan.capability === undefined) return formatFqan(fqan);
    report(`${where}: ${quoteValue(value)} is no group or role of ${vo}`);
  } catch {
    report(`${where}: ${quoteValue(value)} is no group or role, such as /${vo}/analysis or /${vo}/Role=x`);
  }
  return undefined;
}

function nameOf(value: unknown, where: string, report: Report): string | undefined {
  try {
    if (typeof value === 'string' && value.startsWith('/')) return formatOneline(parseOneline(value));
  } catch {
    // Told below.
  }
  report(`${where}: ${quoteValue(value ?? '')} is no one-line name such as /DC=org/CN=Jane User`);
  return undefined;
}

function lifetime(value: unknown, key: string, otherwise: number, report: Report): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number' && value > 0 && value <= MAX_LIFETIME_HOURS) return Math.round(value * HOUR);
  report(`${key}: a number of hours from 0 to ${MAX_LIFETIME_HOURS} is expected`);
  return otherwise;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT && !hasControls(value);
}

function hasControls(text: string): boolean {
  return /[\p{Cc}\p{Cf}]/u.test(text);
}
