import type { CredentialView } from './dependencies.ts';
import { type Tone, timeLeft } from './time-left.ts';

/** How a credential is doing, in two words and a colour. */
export interface StateInWords {
  readonly tone: Tone;
  readonly words: string;
}

const WORDS: Readonly<Record<CredentialView['state'], StateInWords>> = {
  waiting: { tone: 'warn', words: 'Being obtained' },
  current: { tone: 'good', words: 'Working' },
  renewing: { tone: 'good', words: 'Renewing now' },
  retrying: { tone: 'warn', words: 'Trying again' },
  'needs-action': { tone: 'bad', words: 'Needs you' },
};

/** Pure: the state of a credential at `now`; one that has ended is bad whatever is being tried. */
export function stateInWords(view: CredentialView, now: Date): StateInWords {
  if (view.state === 'needs-action') return WORDS['needs-action'];
  if (timeLeft(view, now).tone === 'bad') return { tone: 'bad', words: 'Ended' };
  return WORDS[view.state];
}

const URGENCY: Readonly<Record<Tone, number>> = { bad: 0, warn: 1, good: 2 };

/** Pure: what needs attention first, then by name. */
export function inOrderOfUrgency(views: readonly CredentialView[], now: Date): readonly CredentialView[] {
  return views
    .map((view) => ({ view, urgency: URGENCY[stateInWords(view, now).tone] }))
    .sort((a, b) => a.urgency - b.urgency || (a.view.id < b.view.id ? -1 : 1))
    .map(({ view }) => view);
}
