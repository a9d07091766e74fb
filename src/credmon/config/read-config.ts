import { isAbsolute, join, resolve } from 'node:path';
import { isLatchkeyError, LatchkeyError, quote } from '../../kit/index.ts';
import { BUILT_IN_VALUES, REFERENCE_VERSION, TEMPLATES } from './built-in-values.ts';
import { isTrue } from './condition.ts';
import type { ConfigFacts, ConfigFiles } from './config-source.ts';
import { expand, expandSelf } from './expand.ts';
import type { ConfigFinding } from './finding.ts';
import { findMacro, type MacroTable, type Origin, type Scope } from './macro.ts';
import { parseStatements, type Statement } from './statements.ts';

const MAX_FILES = 1_000;
const MAX_INCLUDE_DEPTH = 20;
const MAX_FINDINGS = 200;

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
  const state: State = {
    files,
    facts,
    scope,
    table: new Map(),
    used: new Set(),
    read: [],
    findings: [],
  };
  for (const [name, raw] of Object.entries(BUILT_IN_VALUES)) set(state, name, raw, { file: '<default>' });
  detect(state);
  const root = rootFile(state);
  if (root !== undefined) {
    set(state, 'CONFIG_ROOT', resolve(root, '..'), { file: '<detected>' });
    readFile(state, root, 0, false);
    detect(state);
    readLocalFiles(state);
    readUserFile(state);
  }
  readEnvironment(state);
  detect(state);
  return { table: state.table, files: state.read, findings: state.findings };
}

interface State {
  readonly files: ConfigFiles;
  readonly facts: ConfigFacts;
  readonly scope: Scope;
  readonly table: MacroTable;
  /** Templates taken: `FEATURE:OAUTH`. */
  readonly used: Set<string>;
  readonly read: string[];
  readonly findings: ConfigFinding[];
}

/** Undefined for `CONDOR_CONFIG=ONLY_ENV`. */
function rootFile({ files, facts }: State): string | undefined {
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

function readFile(state: State, path: string, depth: number, mayBeMissing: boolean): void {
  if (state.read.length >= MAX_FILES)
    throw new LatchkeyError('config/malformed', `HTCondor configuration of more than ${MAX_FILES} files`);
  const text = state.files.read(path);
  if (text === undefined) {
    if (mayBeMissing) return;
    throw new LatchkeyError('config/missing', `HTCondor configuration: there is no file ${quote(path)}`);
  }
  state.read.push(path);
  apply(state, parseStatements(text), path, depth);
}

/** One `if` that is open: whether lines count now, and whether a branch was taken already. */
interface Branch {
  isLive: boolean;
  wasTaken: boolean;
  readonly isOuterLive: boolean;
}

function apply(state: State, statements: readonly Statement[], file: string, depth: number): void {
  const branches: Branch[] = [];
  for (const { line, body } of statements) {
    const origin = { file, line };
    const isLive = branches.at(-1)?.isLive ?? true;
    switch (body.kind) {
      case 'if': {
        const holds = isLive && test(state, body.condition, origin);
        branches.push({ isLive: holds, wasTaken: holds, isOuterLive: isLive });
        break;
      }
      case 'elif': {
        const branch = branches.at(-1);
        if (branch === undefined)
          note(state, 'error', 'config/statement', 'an elif or else without if', origin);
        else {
          const mayTake = branch.isOuterLive && !branch.wasTaken;
          branch.isLive = mayTake && test(state, body.condition, origin);
          branch.wasTaken ||= branch.isLive;
        }
        break;
      }
      case 'endif':
        if (branches.pop() === undefined)
          note(state, 'error', 'config/statement', 'endif without if', origin);
        break;
      default:
        if (isLive) applyLive(state, body, origin, depth);
    }
  }
  if (branches.length > 0) note(state, 'error', 'config/statement', 'an if is not closed by endif', { file });
}

type LiveBody = Exclude<Statement['body'], { readonly kind: 'if' | 'elif' | 'endif' }>;

function applyLive(state: State, body: LiveBody, origin: Origin, depth: number): void {
  switch (body.kind) {
    case 'assign':
    case 'append': {
      const name = expanded(state, body.name).trim();
      if (!/^[A-Za-z0-9_.]{1,300}$/.test(name)) {
        note(state, 'error', 'config/statement', `${quote(name, 60)} is no name`, origin);
        return;
      }
      const older = state.table.get(name.toUpperCase())?.raw;
      const value =
        body.kind === 'assign'
          ? expandSelf(body.value, name, older)
          : [older ?? '', body.value].filter((part) => part !== '').join(body.separator);
      set(state, name, value, origin);
      return;
    }
    case 'include':
      include(state, body, origin, depth);
      return;
    case 'use':
      use(state, body.category, expanded(state, body.names), origin);
      return;
    case 'warning':
      note(
        state,
        'warning',
        'config/message',
        `the configuration says: ${printableLine(expanded(state, body.text))}`,
        origin,
      );
      return;
    case 'error':
      note(
        state,
        'error',
        'config/message',
        `the configuration says: ${printableLine(expanded(state, body.text))}`,
        origin,
      );
      return;
    case 'malformed':
      note(state, 'error', 'config/statement', body.why, origin);
  }
}

function include(
  state: State,
  { mayBeMissing, isCommand, cache, source }: Extract<LiveBody, { kind: 'include' }>,
  origin: Origin,
  depth: number,
): void {
  if (depth >= MAX_INCLUDE_DEPTH)
    throw new LatchkeyError(
      'config/malformed',
      `${origin.file}: files include each other more than ${MAX_INCLUDE_DEPTH} deep`,
    );
  const cached = cache === undefined ? undefined : pathFrom(state, cache, origin);
  if (isCommand) {
    if (cached !== undefined && state.files.read(cached) !== undefined)
      readFile(state, cached, depth + 1, true);
    else notRun(state, expanded(state, source), origin);
    return;
  }
  readFile(state, pathFrom(state, source, origin), depth + 1, mayBeMissing);
}

function use(state: State, category: string, names: string, origin: Origin): void {
  // Commas inside a template's arguments do not separate templates.
  for (const name of names.split(/[\s,]+(?![^(]*\))/).filter((one) => one !== '')) {
    const template = `${category}:${name.replace(/\(.*$/s, '')}`.toUpperCase();
    const text = Object.hasOwn(TEMPLATES, template) ? TEMPLATES[template] : undefined;
    state.used.add(template);
    if (text !== undefined) apply(state, parseStatements(text), `use ${template}`, 1);
    else
      note(
        state,
        'notice',
        'config/template-unknown',
        `use ${template} was passed over: its text is HTCondor's own`,
        origin,
      );
  }
}

function readLocalFiles(state: State): void {
  const before = value(state, 'LOCAL_CONFIG_DIR');
  for (const directory of listOf(before)) readDirectory(state, directory);
  const done = new Set<string>();
  for (;;) {
    const list = value(state, 'LOCAL_CONFIG_FILE');
    if (list.trim().endsWith('|')) {
      notRun(state, list, { file: 'LOCAL_CONFIG_FILE' });
      break;
    }
    // A file read here may name further ones.
    const next = listOf(list).find((path) => !done.has(path));
    if (next === undefined) break;
    done.add(next);
    const mustExist = !/^\s*(false|no|f|0)\s*$/i.test(value(state, 'REQUIRE_LOCAL_CONFIG_FILE'));
    readFile(state, resolve(state.facts.workingDirectory, next), 1, !mustExist);
  }
  const after = value(state, 'LOCAL_CONFIG_DIR');
  if (after !== before) for (const directory of listOf(after)) readDirectory(state, directory);
}

const EXCLUDED = /^[.#]|\.(pl|py|sh|rpmsave|rpmnew|dpkg-old|dpkg-dist|cfsaved)$|~$/;

function readDirectory(state: State, directory: string): void {
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

/** A pattern of the site's own is honoured for the forms people write; anything that could take for ever to match is not. */
function exclusion(state: State): (name: string) => boolean {
  const own = value(state, 'LOCAL_CONFIG_DIR_EXCLUDE_REGEXP');
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

function readUserFile(state: State): void {
  const { isRoot, home } = state.facts;
  if (isRoot || home === undefined) return;
  const named = value(state, 'USER_CONFIG_FILE') || '.condor/user_config';
  readFile(state, isAbsolute(named) ? named : join(home, named), 1, true);
}

function readEnvironment(state: State): void {
  for (const [name, text] of Object.entries(state.facts.env)) {
    const [, key] = /^_condor_([A-Za-z0-9_.]{1,300})$/i.exec(name) ?? [];
    if (key !== undefined && text !== undefined) {
      const older = state.table.get(key.toUpperCase())?.raw;
      set(state, key, expandSelf(text, key, older), { file: '<environment>' });
    }
  }
}

/** What is found out about the machine wins over files, as in HTCondor; the host's names only while no file has said them. */
function detect(state: State): void {
  const { facts, scope } = state;
  const origin = { file: '<detected>' };
  for (const [name, text] of [
    ['HOSTNAME', facts.hostName],
    ['FULL_HOSTNAME', facts.fullHostName],
    ['TILDE', facts.condorHome ?? ''],
  ] as const) {
    if (text !== '' && !state.table.has(name)) set(state, name, text, origin);
  }
  set(state, 'SUBSYSTEM', scope.subsystem, origin);
  set(state, 'LOCALNAME', scope.localName ?? scope.subsystem, origin);
  set(state, 'USERNAME', facts.userName, origin);
  set(state, 'PID', String(process.pid), origin);
  set(state, 'PPID', String(process.ppid), origin);
}

function test(state: State, condition: string, origin: Origin): boolean {
  const result = isTrue(condition, {
    expand: (text) => expanded(state, text),
    isDefined: (name) => findMacro(state.table, state.scope, name) !== undefined,
    isUsed: (template) => state.used.has(template),
    version: REFERENCE_VERSION,
  });
  if (result === undefined)
    note(
      state,
      'error',
      'config/condition',
      `the condition ${quote(condition, 80)} is not one of the simple tests`,
      origin,
    );
  return result ?? false;
}

function notRun(state: State, command: string, origin: Origin): void {
  // The command itself stays out of the log: it may hold anything.
  note(
    state,
    'warning',
    'config/command-not-run',
    `a program that gives configuration was not run (${quote(command.split(/\s/)[0] ?? '', 80)})`,
    origin,
    {
      hint: 'install condor_config_val where PATH finds it: HTCondor then runs its own programs',
    },
  );
}

function pathFrom(state: State, written: string, origin: Origin): string {
  return resolve(
    origin.file.startsWith('/') ? resolve(origin.file, '..') : '/',
    expanded(state, written).trim(),
  );
}

function expanded(state: State, raw: string): string {
  return expand(raw, {
    lookup: (name) => findMacro(state.table, state.scope, name)?.raw,
    env: state.facts.env,
  });
}

function value(state: State, name: string): string {
  return expanded(state, findMacro(state.table, state.scope, name)?.raw ?? '');
}

function set(state: State, name: string, raw: string, origin: Origin): void {
  state.table.set(name.toUpperCase(), { name, raw, origin });
}

function note(
  state: State,
  severity: ConfigFinding['severity'],
  code: string,
  message: string,
  { file, line }: Origin,
  more: { readonly hint?: string } = {},
): void {
  if (state.findings.length >= MAX_FINDINGS) return;
  const origin = line === undefined ? file : `${file}, line ${line}`;
  state.findings.push({ severity, code, message, origin, ...more });
}

function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function printableLine(text: string): string {
  return quote(text, 200);
}

/** True for an error that says that a configuration cannot be used, as opposed to a bug. */
export function isConfigError(error: unknown): error is LatchkeyError {
  return isLatchkeyError(error) && error.code.startsWith('config/');
}
