/** The files that a configuration is read from: the machine's, or a test's. */
export interface ConfigFiles {
  /**
   * The text of a file; undefined when there is none.
   *
   * @throws LatchkeyError `config/missing` when it is there and cannot be read, or is over 1 MiB
   */
  readonly read: (path: string) => string | undefined;
  /** The names of the plain files in a directory; undefined when there is none. */
  readonly list: (directory: string) => readonly string[] | undefined;
}

/** What HTCondor finds out about its machine and itself. */
export interface ConfigFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As `hostname -f` says it. */
  readonly fullHostName: string;
  /** `ARCH`, `OPSYS`, `IP_ADDRESS`, `DETECTED_CPUS`, …: macros that it makes of its machine. */
  readonly detected: Readonly<Record<string, string>>;
  readonly userName: string;
  readonly isRoot: boolean;
  /** Home of the user that runs this. */
  readonly home: string | undefined;
  /** Home of the user `condor`: `$(TILDE)`. */
  readonly condorHome: string | undefined;
  /** Where relative paths of the environment start. */
  readonly workingDirectory: string;
}
