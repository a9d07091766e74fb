import type { Source } from '../../keeper/index.ts';
import type { Provider } from '../settings.ts';

/** One request in the directory that a provider serves. */
export interface Request {
  readonly user: string;
  /** File name without suffix: `mytokens_read`. */
  readonly stem: string;
  readonly handle: string | undefined;
}

/** A source that may have something to end when nobody wants its credential any more. */
export interface CredmonSource extends Source {
  /** What it is for, in one line for people. */
  readonly purpose?: string | undefined;
  /** Tells the server that the long-lived secret has ended (RFC 7009); false when it does not want to know, or nothing is known. */
  revoke?(signal: AbortSignal): Promise<boolean>;
}

/** Makes the source of a request. */
export type SourceMaker = (provider: Provider, request: Request) => CredmonSource;
