import type { Clock } from '../kit/index.ts';

/** Bounds of a {@link Throttle}. */
export interface ThrottleOptions {
  readonly clock?: Clock;
}

/** Back-off for wrong pass phrases. */
export class Throttle {
  constructor(_options: ThrottleOptions = {}) {}

  /** Milliseconds this pair has to wait before its next try; 0 = now. */
  check(_account: string, _address: string): number {
    throw new Error('not there yet');
  }
  /** A wrong pass phrase; returns the wait that follows. */
  failed(_account: string, _address: string): number {
    throw new Error('not there yet');
  }
  /** The right one. */
  succeeded(_account: string, _address: string): void {
    throw new Error('not there yet');
  }
}
