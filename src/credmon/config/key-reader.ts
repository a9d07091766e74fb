import { isLatchkeyError, quote } from '../../kit/index.ts';
import type { CondorConfig, ConfigValue } from './condor-config.ts';
import type { ConfigFinding } from './finding.ts';
import { describeOrigin } from './macro.ts';

/** A range that a whole number must be in. */
interface Range {
  readonly least: number;
  readonly most: number;
}

/** Reads settings out of HTCondor's configuration; what cannot be used is noted, and counts as not given. */
export interface KeyReader {
  /** The first of the names that has a value: a provider's own before the one for all. */
  value(...names: readonly string[]): ConfigValue | undefined;
  text(...names: readonly string[]): string | undefined;
  /** An absolute path. */
  path(...names: readonly string[]): string | undefined;
  /** An https URL, or http to this machine. */
  url(...names: readonly string[]): string | undefined;
  integer(range: Range, ...names: readonly string[]): number | undefined;
  boolean(...names: readonly string[]): boolean | undefined;
  /** Split at blanks and commas. */
  list(...names: readonly string[]): readonly string[] | undefined;
  /** One of a few words, letter case ignored. */
  choice<Word extends string>(words: readonly Word[], ...names: readonly string[]): Word | undefined;
  note(
    severity: ConfigFinding['severity'],
    code: string,
    message: string,
    about?: ConfigValue | string,
    hint?: string,
  ): void;
}

/** @param findings gets what is noted */
export function keyReader(config: CondorConfig, findings: ConfigFinding[]): KeyReader {
  const note: KeyReader['note'] = (severity, code, message, about, hint) => {
    const key = typeof about === 'object' ? about.name : about;
    const origin = typeof about === 'object' ? describeOrigin(about.origin) : undefined;
    findings.push({ severity, code, message, key, origin, hint });
  };
  const refuse = (found: ConfigValue, expected: string): undefined => {
    const message = `${found.name}: expected ${expected}, but it is ${quote(found.text, 80)}; the default is used`;
    note('error', 'config/value', message, found);
    return undefined;
  };
  const value = (...names: readonly string[]): ConfigValue | undefined => {
    for (const name of names) {
      try {
        const found = config.value(name);
        if (found !== undefined) return found;
      } catch (error) {
        if (!isLatchkeyError(error)) throw error;
        note('error', 'config/value', `${name}: ${error.message}`, name);
      }
    }
    return undefined;
  };
  const checked = (found: ConfigValue | undefined, isGood: boolean, expected: string): string | undefined =>
    found === undefined ? undefined : isGood ? found.text : refuse(found, expected);
  const typed = <Kind>(
    read: (name: string) => Kind | undefined,
    expected: string,
    names: readonly string[],
  ) => {
    const found = value(...names);
    if (found === undefined) return undefined;
    try {
      return { found, result: read(found.name) };
    } catch (error) {
      if (!isLatchkeyError(error)) throw error;
      return refuse(found, expected);
    }
  };
  return {
    value,
    note,
    text: (...names) => value(...names)?.text,
    path: (...names) => {
      const found = value(...names);
      return checked(found, found?.text.startsWith('/') ?? false, 'an absolute path');
    },
    url: (...names) => {
      const found = value(...names);
      return checked(found, isEndpoint(found?.text ?? ''), 'an https URL');
    },
    integer: ({ least, most }, ...names) => {
      const expected = `a whole number from ${least} to ${most}`;
      const read = typed(config.integer, expected, names);
      if (read?.result === undefined) return undefined;
      return read.result >= least && read.result <= most ? read.result : refuse(read.found, expected);
    },
    boolean: (...names) => typed(config.boolean, 'true or false', names)?.result,
    list: (...names) => {
      const words =
        value(...names)
          ?.text.split(/[\s,]+/)
          .filter((word) => word !== '') ?? [];
      return words.length === 0 ? undefined : [...new Set(words)];
    },
    choice: (words, ...names) => {
      const found = value(...names);
      if (found === undefined) return undefined;
      const word = words.find((one) => one.toLowerCase() === found.text.toLowerCase());
      return word ?? refuse(found, `one of ${words.join(', ')}`);
    },
  };
}

/** True for an absolute https URL without user name, and for http to the loopback address: tests and demonstrations. */
export function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return (
    protocol === 'https:' ||
    (protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
  );
}
