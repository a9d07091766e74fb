import type { ForwardEnd } from '../../ssh/index.ts';

/** The machine that this process runs on, as a place or an observer. */
export const HERE = 'here';

/** Where something listens, as the machine it runs on names it. */
export interface Place {
  /** {@link HERE}, or a host as `Session.connect` takes it: `thermal`, `jane@thermal:2222`. */
  readonly machine: string;
  readonly end: ForwardEnd;
}

/** Two texts are equal exactly when they mean the same listener. */
export function placeKey({ machine, end }: Place): string {
  return 'socketPath' in end
    ? `${machine} unix ${end.socketPath}`
    : `${machine} tcp ${end.host ?? '127.0.0.1'} ${end.port}`;
}
