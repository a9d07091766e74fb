import { printable } from '../../kit/index.ts';
import { secondsLeft, timeLeft } from './time-text.ts';

/** What `myproxy-info` and `myproxy-admin-query` tell of a credential. */
export interface CredentialFacts {
  readonly owner: string;
  /** Printed by the admin tool only. */
  readonly username?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly retrievers?: string | undefined;
  readonly renewers?: string | undefined;
  readonly keyRetrievers?: string | undefined;
  readonly trustedRetrievers?: string | undefined;
  readonly lockMessage?: string | undefined;
  readonly endTime: Date;
}

/** One credential in the layout that scripts take apart (every line of it, `timeleft:` most of all). */
export function credentialLines(facts: CredentialFacts, now: Date): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['owner', facts.owner],
    ['username', facts.username],
    ['  name', facts.name],
    ['  description', facts.description],
    ['  retrieval policy', facts.retrievers],
    ['  renewal policy', facts.renewers],
    ['  key retrieval policy', facts.keyRetrievers],
    ['  trusted retrieval policy', facts.trustedRetrievers],
    ['  locked', facts.lockMessage],
    ['  timeleft', timeLeft(secondsLeft(facts.endTime, now))],
  ];
  return rows
    .map(([label, value]) => (value === undefined ? '' : `${label}: ${printable(value)}\n`))
    .join('');
}
