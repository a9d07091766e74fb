/** Where a value was said. */
export interface Origin {
  /** A path, or `<environment>`, `<detected>`, `<default>`, `use FEATURE:OAUTH`. */
  readonly file: string;
  /** From 1. */
  readonly line?: number | undefined;
}

/** One name of HTCondor's configuration with its value as written. */
export interface Macro {
  readonly name: string;
  /** Not expanded. */
  readonly raw: string;
  readonly origin: Origin;
}

/** All names of a configuration; the keys are the names in capitals. */
export type MacroTable = Map<string, Macro>;

/** Names whose own values come first: `CREDMON_OAUTH.FOO` before `FOO`. */
export interface Scope {
  /** The daemon's name: `CREDMON_OAUTH`. */
  readonly subsystem: string;
  /** What the daemon got by `-local-name`. */
  readonly localName?: string | undefined;
}

/** The macro that a name stands for in a scope: `SUBSYS.LOCAL.X`, `LOCAL.X`, `SUBSYS.X`, `X`. Letter case means nothing. */
export function findMacro(table: MacroTable, scope: Scope, name: string): Macro | undefined {
  const { subsystem, localName } = scope;
  const prefixes = [
    ...(localName === undefined ? [] : [`${subsystem}.${localName}.`, `${localName}.`]),
    `${subsystem}.`,
    '',
  ];
  for (const prefix of prefixes) {
    const macro = table.get(`${prefix}${name}`.toUpperCase());
    if (macro !== undefined) return macro;
  }
  return undefined;
}

/** `/etc/condor/config.d/50-credmon.conf, line 7`. */
export function describeOrigin({ file, line }: Origin): string {
  return line === undefined ? file : `${file}, line ${line}`;
}
