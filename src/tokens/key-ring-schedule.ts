/** What is written down of each key of a ring. */
export interface RingEntry {
  readonly keyId: string;
  /** From when on it signs; it is published from the moment it is in the ring. */
  readonly signsFrom: Date;
}

/**
 * Where a key stands: published and waiting for verifiers to have seen it, signing, published for the tokens it signed,
 * or past that.
 */
export type KeyState = 'upcoming' | 'signing' | 'retiring' | 'retired';

/** One key and its times. */
export interface ScheduledKey<Entry extends RingEntry> {
  readonly entry: Entry;
  readonly state: KeyState;
  /** When the next key takes over. */
  readonly signsUntil: Date | undefined;
  /** When it may vanish from the published keys. */
  readonly publishedUntil: Date | undefined;
}

/**
 * The state of every key of a ring at `now`, in the order in which they sign. Exactly one signs: the last one whose time has come;
 * with a clock before all of them, the first.
 *
 * @param keepSeconds how long a key stays published after it has signed its last token
 */
export function scheduleKeys<Entry extends RingEntry>(
  entries: readonly Entry[],
  keepSeconds: number,
  now: Date,
): readonly ScheduledKey<Entry>[] {
  const inOrder = [...entries].sort((one, other) => one.signsFrom.getTime() - other.signsFrom.getTime());
  const signing = Math.max(
    0,
    inOrder.findLastIndex(({ signsFrom }) => signsFrom.getTime() <= now.getTime()),
  );
  return inOrder.map((entry, index) => {
    const signsUntil = inOrder[index + 1]?.signsFrom;
    const publishedUntil = signsUntil && new Date(signsUntil.getTime() + keepSeconds * 1000);
    const isPast = publishedUntil !== undefined && publishedUntil.getTime() <= now.getTime();
    const state =
      index > signing ? 'upcoming' : index === signing ? 'signing' : isPast ? 'retired' : 'retiring';
    return { entry, state, signsUntil, publishedUntil };
  });
}
