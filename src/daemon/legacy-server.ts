/** The options of `myproxy-server`. */
export interface LegacyServerOptions {
  /** `-c` */
  readonly config?: string;
  /** `-s` */
  readonly storage?: string;
  /** `-l` */
  readonly listen?: string;
  /** `-p` */
  readonly port?: number;
  /** `-P` */
  readonly pidFile?: string;
  /** `-z` */
  readonly portFile?: string;
  /** `-d`: foreground, one connection, log to standard error. */
  readonly debug?: boolean;
  /** `-v` */
  readonly verbose?: boolean;
  /** The program's name in log lines; default `myproxy-server`. */
  readonly ident?: string;
}
/** Runs the server as `myproxy-server` does; resolves with the exit status (of the starter, when it daemonises). */
export function runLegacyServer(_options: LegacyServerOptions): Promise<number> {
  throw new Error('being written');
}
