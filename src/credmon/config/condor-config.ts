import { LatchkeyError, quote } from '../../kit/index.ts';
import { constantValue } from './constant-expression.ts';
import { expand } from './expand.ts';
import type { ConfigFinding } from './finding.ts';
import { describeOrigin, findMacro, type MacroTable, type Origin, type Scope } from './macro.ts';

/** One value in force, as `condor_config_val -verbose` shows it. */
export interface ConfigValue {
  /** As it was written where it was found: `CREDMON_OAUTH.LOG` may answer for `LOG`. */
  readonly name: string;
  readonly text: string;
  readonly raw: string;
  readonly origin: Origin;
}

/** HTCondor's configuration as one daemon sees it. Names are compared without regard to case. */
export interface CondorConfig {
  readonly scope: Scope;
  /** Who read it: `condor_config_val`, or we. */
  readonly reader: 'condor_config_val' | 'latchkey';
  /** Files read; empty when HTCondor read them. */
  readonly files: readonly string[];
  /** What reading it found; the settings have findings of their own. */
  readonly findings: readonly ConfigFinding[];
  /** Every name that has a value, as written. */
  readonly names: readonly string[];
  /**
   * The value of a name, expanded. An empty one counts as none, as the credmon of HTCondor counts it.
   *
   * @throws LatchkeyError `config/malformed` when it cannot be expanded
   */
  value(name: string): ConfigValue | undefined;
  text(name: string): string | undefined;
  /** True when the name is given, as nothing. */
  isEmpty(name: string): boolean;
  /** Where the name is given. */
  origin(name: string): Origin | undefined;
  /** A whole number; constant expressions are calculated. @throws LatchkeyError `config/invalid` when it is something else */
  integer(name: string): number | undefined;
  /** @throws LatchkeyError `config/invalid` when it is neither a boolean nor a number */
  boolean(name: string): boolean | undefined;
  /** Split at blanks and commas; undefined when there is none. */
  list(name: string): readonly string[] | undefined;
}

/** What a {@link CondorConfig} is made of. */
export interface CondorConfigParts {
  readonly table: MacroTable;
  readonly scope: Scope;
  readonly reader: CondorConfig['reader'];
  readonly files?: readonly string[];
  readonly findings?: readonly ConfigFinding[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A configuration out of its names. Values are expanded when they are asked for. */
export function condorConfig(parts: CondorConfigParts): CondorConfig {
  const { table, scope, reader, files = [], findings = [], env = {} } = parts;
  const lookup = (name: string): string | undefined => findMacro(table, scope, name)?.raw;
  const value = (name: string): ConfigValue | undefined => {
    const macro = findMacro(table, scope, name);
    if (macro === undefined) return undefined;
    const text = expand(macro.raw, { lookup, env }).trim();
    return text === '' ? undefined : { name: macro.name, text, raw: macro.raw, origin: macro.origin };
  };
  return {
    scope,
    reader,
    files,
    findings,
    names: [...table.values()].map((macro) => macro.name),
    value,
    text: (name) => value(name)?.text,
    origin: (name) => findMacro(table, scope, name)?.origin,
    isEmpty: (name) => lookup(name) !== undefined && value(name) === undefined,
    integer: (name) => {
      const found = value(name);
      if (found === undefined) return undefined;
      const number = constantValue(found.text);
      if (typeof number === 'number' && Number.isSafeInteger(Math.trunc(number))) return Math.trunc(number);
      throw invalid(found, 'a whole number');
    },
    boolean: (name) => {
      const found = value(name);
      if (found === undefined) return undefined;
      const truth = constantValue(found.text);
      if (truth !== undefined) return Boolean(truth);
      throw invalid(found, 'true or false');
    },
    list: (name) => {
      const words = value(name)
        ?.text.split(/[\s,]+/)
        .filter((word) => word !== '');
      return words === undefined || words.length === 0 ? undefined : words;
    },
  };
}

function invalid({ name, text, origin }: ConfigValue, expected: string): LatchkeyError {
  const where = describeOrigin(origin);
  return new LatchkeyError(
    'config/invalid',
    `${name}: expected ${expected}, but it is ${quote(text, 60)} (${where})`,
  );
}
