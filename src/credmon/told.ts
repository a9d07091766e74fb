/** What hooks and the status port are told: where, and of what. Paths are absolute. */
export interface ToldSettings {
  /** Where `/healthz`, `/readyz` and `/metrics` are answered; absent = nowhere but on the web page and the control socket. */
  readonly statusListen?: { readonly host: string; readonly port: number } | undefined;
  readonly hooks: readonly HookSettings[];
}

/** What a hook can be told of. */
export type HookEventType = 'renewed' | 'failed' | 'expiring';

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

/** Every {@link HookEventType}. */
export const HOOK_EVENTS: readonly HookEventType[] = ['renewed', 'failed', 'expiring'];

/** As either configuration says it. */
export interface ToldGiven {
  readonly statusListen?: ToldSettings['statusListen'];
  readonly command?: readonly string[] | undefined;
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly caFile?: string | undefined;
  /** Default: failures and coming expiries. */
  readonly on?: readonly HookEventType[] | undefined;
  /** Default 30. */
  readonly timeoutSeconds?: number | undefined;
}

/** A program and a web address become a hook each. */
export function toldSettings(given: ToldGiven): ToldSettings {
  const { on = ['failed', 'expiring'], timeoutSeconds = 30, url, tokenFile, caFile } = given;
  const [program, ...args] = given.command ?? [];
  const hooks: HookSettings[] = [];
  if (program !== undefined)
    hooks.push({
      name: 'command',
      on,
      timeoutSeconds,
      target: { kind: 'command', command: [program, ...args] },
    });
  if (url !== undefined)
    hooks.push({ name: 'webhook', on, timeoutSeconds, target: { kind: 'webhook', url, tokenFile, caFile } });
  return { statusListen: given.statusListen, hooks };
}
