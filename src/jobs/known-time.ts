/** The last moment that a date can be, in milliseconds. */
const LAST = 8.64e15;

/** A moment that another machine, or the job itself, tells; undefined for one that no date can be: printing that would fail, for all jobs. */
export function knownTime(milliseconds: number): Date | undefined {
  return milliseconds > 0 && milliseconds <= LAST ? new Date(milliseconds) : undefined;
}
