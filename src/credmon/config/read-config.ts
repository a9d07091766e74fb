import { isAbsolute, join, resolve } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { readFile } from './apply-statements.ts';
import { BUILT_IN_VALUES } from './built-in-values.ts';
import type { ConfigFacts, ConfigFiles } from './config-source.ts';
import { expandSelf } from './expand.ts';
import type { ConfigFinding } from './finding.ts';
import type { MacroTable, Scope } from './macro.ts';
import { note, noteNotRun, type ReaderState, setMacro, valueNow } from './reader-state.ts';

/** HTCondor's configuration as it is read without HTCondor. */
export interface ReadConfig {
  readonly table: MacroTable;
  /** In the order they were read. */
  readonly files: readonly string[];
  readonly findings: readonly ConfigFinding[];
}

/**
 * Reads HTCondor's configuration: the root file, the directories and files that it names, the user's own file, the environment.
 * Later values win. It runs no program: where HTCondor would, there is a finding.
 *
 * @throws LatchkeyError `config/missing` when the root file, or one that must be there, cannot be read; `config/malformed`
 *   when a value that names files cannot be expanded
 */
export function readConfig(files: ConfigFiles, facts: ConfigFacts, scope: Scope): ReadConfig {
  const state: ReaderState = {
    files,
    facts,
    scope,
    table: new Map(),
    used: new Set(),
    read: [],
    findings: [],
  };
  for (const [name, raw] of Object.entries(BUILT_IN_VALUES))
    setMacro(state, name, raw, { file: '<default>' });
  detect(state);
  const root = rootFile(state);
  if (root !== undefined) {
    setMacro(state, 'CONFIG_ROOT', resolve(root, '..'), { file: '<detected>' });
    readFile(state, root, 0, false);
    detect(state);
    readLocalFiles(state);
    readUserFile(state);
  }
  readEnvironment(state);
  detect(state);
  if (/^\s*(true|yes|t|1)\s*$/i.test(valueNow(state, 'ENABLE_PERSISTENT_CONFIG')))
    note(
      state,
      'warning',
      'config/persistent',
      'ENABLE_PERSISTENT_CONFIG is true: what condor_config_val -set has stored is not read',
      { file: 'ENABLE_PERSISTENT_CONFIG' },
    );
  return { table: state.table, files: state.read, findings: state.findings };
}

/** Undefined for `CONDOR_CONFIG=ONLY_ENV`. */
function rootFile({ files, facts }: ReaderState): string | undefined {
  const named = facts.env.CONDOR_CONFIG;
  if (named === 'ONLY_ENV') return undefined;
  if (named !== undefined && named !== '') {
    if (named.trim().endsWith('|'))
      throw new LatchkeyError(
        'config/invalid',
        'CONDOR_CONFIG names a program, and only HTCondor runs programs',
        {
          hint: 'install condor_config_val where PATH finds it, or name a file',
        },
      );
    const path = resolve(facts.workingDirectory, named);
    if (files.read(path) !== undefined) return path;
    throw new LatchkeyError(
      'config/missing',
      `CONDOR_CONFIG names ${quote(path)}, and there is no such file`,
    );
  }
  const places = ['/etc/condor/condor_config', '/usr/local/etc/condor_config'];
  if (facts.condorHome !== undefined) places.push(join(facts.condorHome, 'condor_config'));
  const found = places.find((path) => files.read(path) !== undefined);
  if (found !== undefined) return found;
  throw new LatchkeyError('config/missing', `no HTCondor configuration: looked for ${places.join(', ')}`, {
    hint: 'set CONDOR_CONFIG, or use a latchkey.toml: latchkey credmon run --config FILE',
  });
}

function readLocalFiles(state: ReaderState): void {
  const before = valueNow(state, 'LOCAL_CONFIG_DIR');
  for (const directory of listOf(before)) readDirectory(state, directory);
  const done = new Set<string>();
  for (;;) {
    const list = valueNow(state, 'LOCAL_CONFIG_FILE');
    if (list.trim().endsWith('|')) {
      noteNotRun(state, list, { file: 'LOCAL_CONFIG_FILE' });
      break;
    }
    // A file read here may name further ones.
    const next = listOf(list).find((path) => !done.has(path));
    if (next === undefined) break;
    done.add(next);
    const mustExist = !/^\s*(false|no|f|0)\s*$/i.test(valueNow(state, 'REQUIRE_LOCAL_CONFIG_FILE'));
    readFile(state, resolve(state.facts.workingDirectory, next), 1, !mustExist);
  }
  const after = valueNow(state, 'LOCAL_CONFIG_DIR');
  if (after !== before) for (const directory of listOf(after)) readDirectory(state, directory);
}

const EXCLUDED = /^[.#]|\.(pl|py|sh|rpmsave|rpmnew|dpkg-old|dpkg-dist|cfsaved)$|~$/;

function readDirectory(state: ReaderState, directory: string): void {
  const path = resolve(state.facts.workingDirectory, directory);
  const names = state.files.list(path);
  if (names === undefined) {
    note(state, 'warning', 'config/missing', `LOCAL_CONFIG_DIR ${quote(path)} is not a directory`, {
      file: path,
    });
    return;
  }
  const excluded = exclusion(state);
  for (const name of [...names].sort(byBytes)) {
    if (excluded(name)) continue;
    readFile(state, join(path, name), 1, true);
  }
}

/** A pattern of the site's own is taken as JavaScript's; the forms people write mean the same. */
function exclusion(state: ReaderState): (name: string) => boolean {
  const own = valueNow(state, 'LOCAL_CONFIG_DIR_EXCLUDE_REGEXP');
  if (own === '') return (name) => EXCLUDED.test(name);
  try {
    const pattern = new RegExp(own);
    return (name) => name.length <= 255 && pattern.test(name);
  } catch {
    note(
      state,
      'warning',
      'config/pattern',
      'LOCAL_CONFIG_DIR_EXCLUDE_REGEXP is not understood; the default is used',
      {
        file: 'LOCAL_CONFIG_DIR_EXCLUDE_REGEXP',
      },
    );
    return (name) => EXCLUDED.test(name);
  }
}

function readUserFile(state: ReaderState): void {
  const { isRoot, home } = state.facts;
  if (isRoot || home === undefined) return;
  const named = valueNow(state, 'USER_CONFIG_FILE') || '.condor/user_config';
  readFile(state, isAbsolute(named) ? named : join(home, named), 1, true);
}

function readEnvironment(state: ReaderState): void {
  for (const [name, text] of Object.entries(state.facts.env)) {
    const [, key] = /^_condor_([A-Za-z0-9_.]{1,300})$/i.exec(name) ?? [];
    if (key !== undefined && text !== undefined) {
      const older = state.table.get(key.toUpperCase())?.raw;
      setMacro(state, key, expandSelf(text, key, older), { file: '<environment>' });
    }
  }
}

/** What is found out about the machine wins over files, as in HTCondor; `NETWORK_HOSTNAME` is how a file says another name. */
function detect(state: ReaderState): void {
  const { facts, scope } = state;
  const named = valueNow(state, 'NETWORK_HOSTNAME');
  const fullHostName = named === '' ? facts.fullHostName : named;
  for (const [name, text] of [
    ...Object.entries(facts.detected),
    ['FULL_HOSTNAME', fullHostName],
    ['HOSTNAME', fullHostName.split('.')[0] ?? fullHostName],
    ['TILDE', facts.condorHome ?? ''],
    ['SUBSYSTEM', scope.subsystem],
    ['LOCALNAME', scope.localName ?? scope.subsystem],
    ['USERNAME', facts.userName],
    ['PID', String(process.pid)],
    ['PPID', String(process.ppid)],
  ] satisfies readonly (readonly [string, string])[]) {
    if (text !== '') setMacro(state, name, text, { file: '<detected>' });
  }
}

function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
