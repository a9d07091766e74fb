/** Which hosts a context may be used for; absent parts match all. Patterns know `*` and `?` only. */
export interface HostScope {
  /** Host names or addresses, such as `*.example.org`. */
  readonly hosts?: readonly string[] | undefined;
  /** Schemes, such as `ssh`, `gsissh`. */
  readonly schemes?: readonly string[] | undefined;
}
