/** A thing that was made, may have been made (the answer was lost), or certainly was not. */
type Trace = { readonly id: string } | 'unknown' | 'none';

/** What a start has left in the account so far. */
export interface Traces {
  /** Unique; on everything that was made, as the tag {@link TAG_KEY}. */
  readonly tag: string;
  readonly clientToken: string;
  instance: Trace;
  securityGroup: Trace;
  /**
   * Until when a request for the group, of which the answer was lost, may still be carried out, also after the group was removed (milliseconds
   * since 1970). Of an instance its client token makes sure that it does not come again.
   */
  groupMayComeUntil: number;
}

/** Key of the tag on everything that is made here. */
export const TAG_KEY = 'latchkey';

/** Traces of a start that has not begun. */
export function tracesOf(tag: string): Traces {
  return {
    tag,
    clientToken: `latchkey-${tag}`,
    instance: 'none',
    securityGroup: 'none',
    groupMayComeUntil: 0,
  };
}
