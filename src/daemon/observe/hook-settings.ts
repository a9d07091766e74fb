import type { HookEventType } from './hook-event.ts';

/** Somebody who is told of renewals: a program of the operator's, or a web address. */
export interface HookSettings {
  /** For metrics and the log. */
  readonly name: string;
  readonly on: readonly HookEventType[];
  readonly target:
    | {
        readonly kind: 'command';
        /** Absolute path of the program and its arguments; no shell. */
        readonly command: readonly [string, ...string[]];
      }
    | {
        readonly kind: 'webhook';
        /** https, or http to this machine. */
        readonly url: string;
        /** File whose first line is sent as a bearer token; read for each delivery. */
        readonly tokenFile?: string | undefined;
        /** PEM certificates trusted besides the machine's. */
        readonly caFile?: string | undefined;
      };
  /** For one delivery; the program is killed, the request aborted. */
  readonly timeoutSeconds: number;
}
