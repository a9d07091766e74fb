import type { LinkView } from './link-view.ts';
import type { Tone } from './time-left.ts';

/** How a link is doing, in words and a colour. */
interface LinkStateInWords {
  readonly tone: Tone | 'plain';
  readonly words: string;
}

const WORDS: ReadonlyMap<string, LinkStateInWords> = new Map([
  ['proven', { tone: 'good', words: 'Works' }],
  ['listening', { tone: 'plain', words: 'Stands, not tried' }],
  ['opening', { tone: 'plain', words: 'Being opened' }],
  ['degraded', { tone: 'warn', words: 'Nothing arrives' }],
  ['lost', { tone: 'bad', words: 'Cut' }],
]);

/** Pure: a link's state; one of a program that has ended stands no more, whatever it said last. */
export function linkStateInWords({ state }: Pick<LinkView, 'state'>, isRunning: boolean): LinkStateInWords {
  if (!isRunning) return { tone: 'plain', words: 'Program ended' };
  return WORDS.get(state) ?? { tone: 'plain', words: 'Not known' };
}
