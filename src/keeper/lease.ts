/** What somebody asked to be kept: whose, from which source, for what. */
export interface Lease {
  /** Unique and stable over restarts: `alice/mytokens_read`. Shown to people, written to logs. */
  readonly id: string;
  /** The local user whose it is. */
  readonly owner: string;
  /** Kind of credential: `token`, `x509-proxy`. */
  readonly kind: string;
  /** Name of the source for people: `scitokens`, `mytokens`. */
  readonly provider: string;
  /** What for, in one line for people: scope and audience. */
  readonly purpose?: string | undefined;
}
