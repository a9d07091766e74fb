import { isWordByte } from './ere-bracket.ts';
import { EreError } from './ere-error.ts';
import { type Assertion, type EreNode, parseEre } from './ere-syntax.ts';

/** One state of the automaton. Numbers are indices of other states. */
type State =
  | { readonly kind: 'set'; readonly set: Uint8Array; next: number }
  | { readonly kind: 'assertion'; readonly assertion: Assertion; next: number }
  | { readonly kind: 'fork'; branches: number[] }
  | { readonly kind: 'match' };

/** A compiled expression. */
export interface EreMatcher {
  /** True when the expression is found in the text (as `regexec` finds it); the text is taken as UTF-8 bytes. */
  matches(text: string): boolean;
  /** How much memory it holds. */
  readonly stateCount: number;
}

/** Longest expression, largest automaton after unfolding `{n,m}`, and most steps spent on one match (a few ms). */
const MAX_PATTERN_BYTES = 16_384;
const MAX_STATES = 20_000;
const MAX_STEPS = 500_000;

/**
 * Compiles a POSIX extended regular expression to a matcher (Thompson's construction): time grows with text times
 * expression and is capped, whatever the expression; expressions come from users.
 *
 * @returns `undefined` for an expression that is malformed, has back-references, or is beyond the limits
 */
export function compileEre(pattern: string): EreMatcher | undefined {
  const bytes = Buffer.from(pattern, 'utf8');
  if (bytes.length > MAX_PATTERN_BYTES) return undefined;
  try {
    const tree = parseEre(bytes);
    if (countStates(tree) > MAX_STATES) return undefined;
    const { states, start } = build(tree);
    return {
      matches: (text) => search(states, start, Buffer.from(text, 'utf8')),
      stateCount: states.length,
    };
  } catch (error) {
    if (error instanceof EreError) return undefined;
    throw error;
  }
}

/** How many states a tree needs at most; computed without unfolding it. */
function countStates(node: EreNode): number {
  switch (node.kind) {
    case 'set':
    case 'assertion':
      return 1;
    case 'sequence':
    case 'choice':
      return node.nodes.reduce((sum, part) => sum + countStates(part), 1);
    case 'repeat':
      return (countStates(node.node) + 1) * Math.max(1, Number.isFinite(node.max) ? node.max : node.min + 1);
  }
}

/** Builds the states back to front: each node is given the state that follows it. */
function build(tree: EreNode): { states: State[]; start: number } {
  const states: State[] = [{ kind: 'match' }];
  const add = (state: State) => states.push(state) - 1;
  const link = (node: EreNode, next: number): number => {
    switch (node.kind) {
      case 'set':
        return add({ kind: 'set', set: node.set, next });
      case 'assertion':
        return add({ kind: 'assertion', assertion: node.assertion, next });
      case 'sequence':
        return node.nodes.reduceRight((after, part) => link(part, after), next);
      case 'choice':
        return add({ kind: 'fork', branches: node.nodes.map((part) => link(part, next)) });
      case 'repeat': {
        let after = next;
        if (Number.isFinite(node.max)) {
          for (let extra = node.min; extra < node.max; extra += 1) {
            after = add({ kind: 'fork', branches: [link(node.node, after), next] });
          }
        } else {
          const loop: State = { kind: 'fork', branches: [next] };
          after = add(loop);
          loop.branches.push(link(node.node, after));
        }
        for (let needed = 0; needed < node.min; needed += 1) after = link(node.node, after);
        return after;
      }
    }
  };
  const start = link(tree, 0);
  return { states, start };
}

/** Runs all paths at once over the text; a match may begin and end anywhere. */
function search(states: readonly State[], start: number, text: Uint8Array): boolean {
  const seenAt = new Int32Array(states.length).fill(-1);
  let active: number[] = [];
  let steps = 0;
  for (let position = 0; position <= text.length; position += 1) {
    const pending = [...active, start];
    const waiting: number[] = [];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (seenAt[index] === position) continue;
      seenAt[index] = position;
      steps += 1;
      if (steps > MAX_STEPS) return false;
      const state = states[index];
      if (state === undefined) continue;
      if (state.kind === 'match') return true;
      if (state.kind === 'set') waiting.push(index);
      else if (state.kind === 'fork') pending.push(...state.branches);
      else if (holds(state.assertion, text, position)) pending.push(state.next);
    }
    const byte = text[position];
    active = [];
    if (byte === undefined) return false;
    for (const index of waiting) {
      const state = states[index];
      if (state?.kind === 'set' && state.set[byte] === 1) active.push(state.next);
    }
  }
  return false;
}

function holds(assertion: Assertion, text: Uint8Array, position: number): boolean {
  if (assertion === 'start') return position === 0;
  if (assertion === 'end') return position === text.length;
  const before = position > 0 && isWordByte(text[position - 1] ?? 0);
  const after = position < text.length && isWordByte(text[position] ?? 0);
  switch (assertion) {
    case 'word-start':
      return !before && after;
    case 'word-end':
      return before && !after;
    case 'word-edge':
      return before !== after;
    case 'no-word-edge':
      return before === after;
  }
}
