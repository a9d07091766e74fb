import { syncDirectory } from '../kit/index.ts';

/** Makes the names in a directory durable. */
export type DirectorySync = (directory: string) => Promise<void>;

interface Round {
  running: Promise<void> | undefined;
  /** For those who came while it ran: what they have done may have come too late for that. */
  next: Promise<void> | undefined;
}

/**
 * One that serves many files of a directory at once: who asks while it is being made durable shares the next time with all others who do.
 *
 * @param sync makes a directory durable, once
 */
export function sharedDirectorySync(sync: DirectorySync = syncDirectory): DirectorySync {
  const rounds = new Map<string, Round>();
  const run = (directory: string, round: Round): Promise<void> => {
    const running = sync(directory).finally(() => {
      round.running = undefined;
      if (round.next === undefined) rounds.delete(directory);
    });
    round.running = running;
    return running;
  };
  return (directory) => {
    const round = rounds.get(directory) ?? { running: undefined, next: undefined };
    rounds.set(directory, round);
    if (round.running === undefined) return run(directory, round);
    round.next ??= round.running
      .catch(() => {})
      .then(() => {
        round.next = undefined;
        return run(directory, round);
      });
    return round.next;
  };
}
