import { quote } from '../../kit/index.ts';
import type { ConfigFacts, ConfigFiles } from './config-source.ts';
import { expand } from './expand.ts';
import type { ConfigFinding } from './finding.ts';
import { describeOrigin, findMacro, type MacroTable, type Origin, type Scope } from './macro.ts';

const MAX_FINDINGS = 200;

/** What is known while a configuration is being read. */
export interface ReaderState {
  readonly files: ConfigFiles;
  readonly facts: ConfigFacts;
  readonly scope: Scope;
  readonly table: MacroTable;
  /** Templates taken: `FEATURE:OAUTH`. */
  readonly used: Set<string>;
  readonly read: string[];
  readonly findings: ConfigFinding[];
}

/** A text with every name in it replaced by what is known so far. @throws LatchkeyError `config/malformed` */
export function expanded(state: ReaderState, raw: string): string {
  return expand(raw, {
    lookup: (name) => findMacro(state.table, state.scope, name)?.raw,
    env: state.facts.env,
  });
}

/** The value of a name, as it is now; empty when there is none. */
export function valueNow(state: ReaderState, name: string): string {
  return expanded(state, findMacro(state.table, state.scope, name)?.raw ?? '');
}

/** Gives a name a value, raw. */
export function setMacro(state: ReaderState, name: string, raw: string, origin: Origin): void {
  state.table.set(name.toUpperCase(), { name, raw, origin });
}

/** Adds a finding, up to a bound. */
export function note(
  state: ReaderState,
  severity: ConfigFinding['severity'],
  code: string,
  message: string,
  origin: Origin,
  more: { readonly hint?: string } = {},
): void {
  if (state.findings.length >= MAX_FINDINGS) return;
  state.findings.push({ severity, code, message, origin: describeOrigin(origin), ...more });
}

/** Adds the finding that a program was not run. Of its command line only the program is told: the rest may hold anything. */
export function noteNotRun(state: ReaderState, command: string, origin: Origin): void {
  const program = quote(command.trim().split(/\s/)[0] ?? '', 80);
  const hint = 'install condor_config_val where PATH finds it: HTCondor then runs its own programs';
  note(
    state,
    'warning',
    'config/command-not-run',
    `a program that gives configuration was not run (${program})`,
    origin,
    { hint },
  );
}
