import { isLatchkeyError, LatchkeyError, quote, runProgram } from '../../kit/index.ts';
import { BUILT_IN_VALUES } from './built-in-values.ts';
import { type CondorConfig, condorConfig } from './condor-config.ts';
import { parseConfigVal } from './config-val.ts';
import { machineFacts, machineFiles } from './machine-config.ts';
import type { MacroTable, Scope } from './macro.ts';
import { readConfig } from './read-config.ts';

/** How {@link loadCondorConfig} reads. */
export interface LoadCondorOptions extends Partial<Scope> {
  /** Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** `auto` (default): asks `condor_config_val` when PATH has one. `own`: reads the files itself, always. */
  readonly reader?: 'auto' | 'own';
}

/**
 * HTCondor's configuration of this machine, as a daemon (default `CREDMON_OAUTH`) sees it. HTCondor is asked when it is
 * installed; else the documented part of its language is read here.
 *
 * @throws LatchkeyError `config/missing` when there is none; `config/malformed`, `config/invalid` when HTCondor itself could not start
 */
export async function loadCondorConfig(options: LoadCondorOptions = {}): Promise<CondorConfig> {
  const { env = process.env, subsystem = 'CREDMON_OAUTH', localName, reader = 'auto' } = options;
  const scope = { subsystem, localName };
  const asked = reader === 'auto' ? await ask(scope, env) : undefined;
  if (asked !== undefined)
    return condorConfig({
      table: withBuiltIns(parseConfigVal(asked)),
      scope,
      reader: 'condor_config_val',
      env,
    });
  const { table, files, findings } = readConfig(machineFiles, await machineFacts(env), scope);
  const errors = findings.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first !== undefined) {
    const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    const where = first.origin === undefined ? '' : `${first.origin}: `;
    throw new LatchkeyError('config/malformed', `HTCondor configuration: ${where}${first.message}${others}`, {
      details: { findings: errors },
    });
  }
  return condorConfig({ table, scope, reader: 'latchkey', files, findings, env });
}

/** Values may rest on names that a release does not print. */
function withBuiltIns(table: MacroTable): MacroTable {
  for (const [name, raw] of Object.entries(BUILT_IN_VALUES))
    if (!table.has(name)) table.set(name, { name, raw, origin: { file: '<default>' } });
  return table;
}

const MAX_OUTPUT = 16 << 20;

/** Undefined when there is no such program. */
async function ask(scope: Scope, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const local = scope.localName === undefined ? [] : ['-local-name', scope.localName];
  const args = ['-subsystem', scope.subsystem, ...local, '-dump', '-verbose', '-mixedcase'];
  // The keys of a daemon's sessions are nobody else's business.
  const { CONDOR_PRIVATE_INHERIT: _keys, CONDOR_INHERIT: _parent, ...others } = env;
  try {
    const result = await runProgram('condor_config_val', args, {
      env: others,
      maxOutputBytes: MAX_OUTPUT,
      timeoutMs: 20_000,
    });
    if (result.code === 0) return result.stdout.toString('utf8');
    const said = result.stderr.toString('utf8').trim();
    throw new LatchkeyError(
      'config/invalid',
      `condor_config_val ended with ${result.code}: ${quote(said, 300)}`,
      {
        hint: 'mend the configuration of HTCondor: its daemons cannot start with it either',
      },
    );
  } catch (error) {
    if (isLatchkeyError(error, 'program/failed') && isMissingProgram(error.cause)) return undefined;
    throw error;
  }
}

function isMissingProgram(cause: unknown): boolean {
  // EACCES: some folder of PATH is closed to this user, and none of the others has it.
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'EACCES');
}
