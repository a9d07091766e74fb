import { type KeyRing, scheduleOf } from '../../tokens/index.ts';
import { tableLines } from './facts.ts';

/** The keys of a ring for `--json`; nothing of the private ones. */
export function keysJson(ring: KeyRing, now: Date): Record<string, unknown> {
  return {
    directory: ring.directory,
    keys: scheduleOf(ring, now).map(({ entry, state, signsUntil, publishedUntil }) => ({
      keyId: entry.keyId,
      algorithm: entry.key.algorithm,
      state,
      signsFrom: entry.signsFrom.toISOString(),
      signsUntil: signsUntil?.toISOString() ?? null,
      publishedUntil: publishedUntil?.toISOString() ?? null,
    })),
  };
}

/** The keys of a ring as a table. */
export function keyLines(ring: KeyRing, now: Date): string[] {
  const time = (date: Date | undefined): string => date?.toISOString().replace(/\.\d+Z$/, 'Z') ?? '';
  return tableLines(
    ['KEY', 'ALGORITHM', 'STATE', 'SIGNS FROM', 'PUBLISHED UNTIL'],
    scheduleOf(ring, now).map(({ entry, state, publishedUntil }) => [
      entry.keyId,
      entry.key.algorithm,
      state,
      time(entry.signsFrom),
      time(publishedUntil),
    ]),
  );
}
