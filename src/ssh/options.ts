import type { Clock, Secret } from '../kit/index.ts';

/** A machine to log in to. What is left out is decided by the configuration file, then by OpenSSH. */
export interface SshTarget {
  /** Name, address, or an alias of the configuration file. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
}

/** A secret, or what gives it when it is asked for; `undefined` = there is none after all. */
export type SecretSource = Secret | (() => Secret | undefined | Promise<Secret | undefined>);

/** What a login may use. Secrets are given to OpenSSH at its question only; never in argv, environment or a file. */
export interface SshCredential {
  /** Private keys, in this order. Default: those of the configuration file, then OpenSSH's own. */
  readonly identityFiles?: readonly string[] | undefined;
  /** OpenSSH certificates (`KEY-cert.pub` beside a key is found without being named). */
  readonly certificateFiles?: readonly string[] | undefined;
  /** Socket of an ssh-agent; `none` = use no agent. Default: `$SSH_AUTH_SOCK`, or the configuration file's. */
  readonly agentSocket?: string | undefined;
  /** For the target alone: a jump host has a credential of its own. */
  readonly password?: SecretSource | undefined;
  /** By path of the key. */
  readonly passPhrases?: ReadonlyMap<string, SecretSource> | undefined;
  /** For the ssh program, such as `X509_USER_PROXY` and `X509_CERT_DIR` for gsissh; paths and switches, never secrets. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Offer nothing but the named identity files (and what the configuration file names): IdentitiesOnly. */
  readonly isExclusive?: boolean | undefined;
}

/** A machine on the way. */
export interface SshJump extends SshTarget {
  /** Default: keys, agent and pass phrases of the target's credential, never its password. */
  readonly credential?: SshCredential | undefined;
}

/** How {@link openSsh} connects. */
export interface SshOptions {
  readonly target: SshTarget;
  /** The way there, nearest first. Default: what the configuration file says; `[]` = straight. */
  readonly jump?: readonly SshJump[] | undefined;
  /** `ssh`, `gsissh`, or the path of anything that takes the same command line. Default `ssh`. */
  readonly program?: string | undefined;
  readonly credential?: SshCredential | undefined;
  /** Default: strict, with OpenSSH's known-hosts files. Checking is never off. */
  readonly hostKeys?: HostKeyPolicy | undefined;
  /** Configuration file; default the user's and the system's; `none` = no file. What is asked for here comes before it. */
  readonly configFile?: string | undefined;
  /** Milliseconds until the login must be done; default 30 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** The peer is gone when it was silent `count` times for `seconds`. Default 10 s, 3 times. */
  readonly keepAlive?: { readonly seconds: number; readonly count: number } | undefined;
  /**
   * Seconds until a forward that works is looked at again while the connection stands: whether it listens, and, unless it was opened with
   * `prove: false`, whether connections arrive. Default 60; 0 = nobody looks by itself.
   */
  readonly forwardCheckSeconds?: number | undefined;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
}

/** Which host keys are accepted. */
export interface HostKeyPolicy {
  /** `accept-new` writes the key of a host never seen before to the first file; a changed key is refused by both. */
  readonly policy: 'strict' | 'accept-new';
  /** Instead of OpenSSH's own files. */
  readonly knownHostsFiles?: readonly string[] | undefined;
}
