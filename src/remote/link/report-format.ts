import { printable } from '../../kit/index.ts';

/** One link as other programs are told it; no secrets. */
export interface LinkReport {
  readonly id: number;
  /** The machines that a connection passes, the observer's first. */
  readonly machines: readonly string[];
  /** What the observer connects to, and where that leads. */
  readonly from: string;
  readonly to: string;
  readonly state: string;
  readonly cause?: string | undefined;
  /** What can be done about the cause. */
  readonly remedy?: string | undefined;
  /** ISO 8601. */
  readonly since: string;
  /** When a connection was last seen to arrive, ISO 8601; absent = nobody has looked. */
  readonly provenAt?: string | undefined;
  readonly isShared: boolean;
}

/** The links of one process. */
export interface LinksReport {
  readonly pid: number;
  /** What the process is called. */
  readonly name: string;
  readonly links: readonly LinkReport[];
}

/** Most bytes of a report that are read. */
export const MOST_REPORT_BYTES = 256 * 1024;
const MOST_LINKS = 200;
const MOST_MACHINES = 8;
const LONGEST_NAME = 255;
const LONGEST_TEXT = 600;

/**
 * Pure: what a program has told of its links. Names and causes come from other machines, and the file from whoever wrote it: only what
 * has the right shape is taken, texts cut and without what steers a terminal, at most 200 links. Undefined for what is no report.
 */
export function parseLinksReport(text: string): LinksReport | undefined {
  const value = objectOf(jsonOf(text));
  const { pid, name, links } = value ?? {};
  if (!isCount(pid) || typeof name !== 'string' || !Array.isArray(links)) return undefined;
  const known = links.slice(0, MOST_LINKS).map(linkOf);
  return {
    ...{ pid, name: short(name, LONGEST_NAME) },
    links: known.filter((link) => link !== undefined),
  };
}

function linkOf(value: unknown): LinkReport | undefined {
  const { id, machines, from, to, state, cause, remedy, since, provenAt, isShared } = objectOf(value) ?? {};
  if (!isCount(id) || !isTexts(machines) || machines.length === 0) return undefined;
  if (typeof from !== 'string' || typeof to !== 'string' || typeof state !== 'string') return undefined;
  const at = timeOf(since);
  if (at === undefined) return undefined;
  return {
    ...{ id, machines: machines.slice(0, MOST_MACHINES).map((machine) => short(machine, LONGEST_NAME)) },
    ...{ from: short(from, LONGEST_NAME), to: short(to, LONGEST_NAME), state: short(state, 20) },
    ...(typeof cause === 'string' ? { cause: short(cause, LONGEST_TEXT) } : {}),
    ...(typeof remedy === 'string' ? { remedy: short(remedy, LONGEST_TEXT) } : {}),
    ...{ since: at, isShared: isShared === true },
    ...(timeOf(provenAt) === undefined ? {} : { provenAt: timeOf(provenAt) }),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function short(text: string, max: number): string {
  return printable(text.length > max ? `${text.slice(0, max - 1)}…` : text);
}

function timeOf(value: unknown): string | undefined {
  const time = typeof value === 'string' && value.length <= 40 ? new Date(value) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
