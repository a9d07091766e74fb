import { resolve } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { REFERENCE_VERSION, TEMPLATES } from './built-in-values.ts';
import { isTrue } from './condition.ts';
import { expandSelf } from './expand.ts';
import { findMacro, type Origin } from './macro.ts';
import { expanded, note, noteNotRun, type ReaderState, setMacro } from './reader-state.ts';
import { parseStatements, type Statement } from './statements.ts';

const MAX_FILES = 1_000;
const MAX_INCLUDE_DEPTH = 20;

/**
 * Reads a file and does what it says, files that it includes too.
 *
 * @param depth how many files include this one
 * @throws LatchkeyError `config/missing` when it must be there and is not; `config/malformed` for too many, or too deep
 */
export function readFile(state: ReaderState, path: string, depth: number, mayBeMissing: boolean): void {
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

function apply(state: ReaderState, statements: readonly Statement[], file: string, depth: number): void {
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

function applyLive(state: ReaderState, body: LiveBody, origin: Origin, depth: number): void {
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
      setMacro(state, name, value, origin);
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
        `the configuration says: ${quote(expanded(state, body.text))}`,
        origin,
      );
      return;
    case 'error':
      note(
        state,
        'error',
        'config/message',
        `the configuration says: ${quote(expanded(state, body.text))}`,
        origin,
      );
      return;
    case 'malformed':
      note(state, 'error', 'config/statement', body.why, origin);
  }
}

function include(
  state: ReaderState,
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
    else noteNotRun(state, expanded(state, source), origin);
    return;
  }
  readFile(state, pathFrom(state, source, origin), depth + 1, mayBeMissing);
}

function use(state: ReaderState, category: string, names: string, origin: Origin): void {
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

function test(state: ReaderState, condition: string, origin: Origin): boolean {
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

function pathFrom(state: ReaderState, written: string, origin: Origin): string {
  return resolve(
    origin.file.startsWith('/') ? resolve(origin.file, '..') : '/',
    expanded(state, written).trim(),
  );
}
