import type { Ec2Options } from '../ec2/index.ts';
import type { Keeper } from '../keeper/index.ts';
import type { Clock } from '../kit/index.ts';
import type { MyProxyClientOptions } from '../myproxy/index.ts';
import type { HostKeyPolicy } from '../ssh/index.ts';
import type { PermissionPolicy } from './surroundings.ts';

/** What a session may be told; everything has a default. */
export interface SessionOptions {
  /** Look for the user's own contexts, and let ssh read its configuration files. Default true. */
  readonly defaults?: boolean | undefined;
  /** What is done about private files that others may read; default `refuse`. */
  readonly permissions?: PermissionPolicy | undefined;
  /** Proxies and tokens that end sooner are refused; default 60. */
  readonly leastSecondsLeft?: number | undefined;
  /** Where the session's private directory is made; default `$XDG_RUNTIME_DIR`, else the temporary directory. */
  readonly directory?: string | undefined;
  /** Which host keys are accepted; default strict. */
  readonly hostKeys?: HostKeyPolicy | undefined;
  /** ssh's configuration file; default the user's own, and `none` without `defaults`. */
  readonly configFile?: string | undefined;
  /** Milliseconds for a login. */
  readonly connectTimeoutMs?: number | undefined;
  /** Programs that log in; default `ssh` and `gsissh`. */
  readonly programs?: { readonly ssh?: string; readonly gsissh?: string } | undefined;
  /** For every MyProxy context. */
  readonly myProxy?: Omit<MyProxyClientOptions, 'clock' | 'hostname'> | undefined;
  /** For every EC2 context. */
  readonly ec2?: Omit<Ec2Options, 'clock'> | undefined;
  /** Renews what can be renewed; default one of the session's own, which is closed with it. */
  readonly keeper?: Keeper | undefined;
  readonly clock?: Clock | undefined;
  /** Default the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly home?: string | undefined;
  readonly uid?: number | undefined;
}
