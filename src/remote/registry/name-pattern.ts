import { LatchkeyError, quote } from '../../kit/index.ts';
import { type PatternNode, parsePattern } from './pattern-syntax.ts';

const MAX_PATTERN = 200;
const MAX_STEPS = 5_000_000;

/**
 * A pattern of names, as Python's `re.match` takes it: from the beginning, not to the end. It is matched by sets of positions, not by
 * trying one way after another, and gives up after a fixed number of steps.
 */
export class NamePattern {
  readonly #node: PatternNode;
  readonly #text: string;
  #steps = 0;

  /** @throws LatchkeyError `remote/name-invalid` for what is not understood: references, look-around, flags */
  constructor(text: string) {
    if (text.length > MAX_PATTERN) throw badPattern(text, `is longer than ${MAX_PATTERN} characters`);
    this.#node = parsePattern(text);
    this.#text = text;
  }

  /** @throws LatchkeyError `remote/name-invalid` when the pattern is too costly for the names it has met */
  matches(name: string): boolean {
    return this.#after(this.#node, Array.from(name), new Set([0])).size > 0;
  }

  /** Where the name can be after the node, when it can be at `starts` before it. */
  #after(node: PatternNode, name: readonly string[], starts: ReadonlySet<number>): ReadonlySet<number> {
    this.#steps += 1 + starts.size;
    if (this.#steps > MAX_STEPS) throw badPattern(this.#text, 'takes too long to match');
    switch (node.kind) {
      case 'character': {
        const ends = new Set<number>();
        for (const at of starts) {
          const character = name[at];
          if (character !== undefined && node.test(character)) ends.add(at + 1);
        }
        return ends;
      }
      case 'begin':
        return starts.has(0) ? new Set([0]) : new Set();
      case 'end':
        return starts.has(name.length) ? new Set([name.length]) : new Set();
      case 'sequence': {
        let positions = starts;
        for (const part of node.parts) {
          if (positions.size === 0) break;
          positions = this.#after(part, name, positions);
        }
        return positions;
      }
      case 'choice':
        return new Set(node.parts.flatMap((part) => [...this.#after(part, name, starts)]));
      case 'repeat':
        return this.#repeated(node, name, starts);
    }
  }

  #repeated(
    node: PatternNode & { kind: 'repeat' },
    name: readonly string[],
    starts: ReadonlySet<number>,
  ): ReadonlySet<number> {
    let positions = starts;
    for (let i = 0; i < node.least && positions.size > 0; i++)
      positions = this.#after(node.part, name, positions);
    const ends = new Set(positions);
    for (let i = node.least; i < node.most && positions.size > 0; i++) {
      const next = [...this.#after(node.part, name, positions)].filter((at) => !ends.has(at));
      for (const at of next) ends.add(at);
      positions = new Set(next);
    }
    return ends;
  }
}

function badPattern(text: string, why: string): LatchkeyError {
  return new LatchkeyError('remote/name-invalid', `invalid regex: ${quote(text)} ${why}`, {
    hint: 'use a prefix, or tags',
  });
}
