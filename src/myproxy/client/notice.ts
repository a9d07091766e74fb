/** Something that went otherwise than asked but did not stop the work; a tool shows it, a service logs it. */
export interface Notice {
  readonly code: /** One address or server did not answer; the next one is tried. */
    | 'server-skipped'
    /** The user's own credential was found but cannot be used; the connection is anonymous. */
    | 'identity-skipped'
    /** The server refused the client's certificate; it is asked again without one. */
    | 'anonymous-retry'
    /** Trust roots were taken from an unverified connection (trust on first use). */
    | 'bootstrapped'
    /** Files were written into the trust directory. */
    | 'trust-roots-installed'
    /** What was delegated lives shorter than what was asked for. */
    | 'shorter-lifetime'
    /** What was delegated is not valid yet. */
    | 'clock-skew';
  /** One sentence, lower case, no full stop. */
  readonly message: string;
  /** Values a program may want to act on; never secrets. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Hears of every {@link Notice} as it happens. */
export type NoticeListener = (notice: Notice) => void;
