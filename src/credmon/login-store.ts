import type { Secret } from '../kit/index.ts';
import type { TokenResponse } from '../oauth/index.ts';
import type { CredentialDirectory } from './directory.ts';

/** What a login was for, as credd's request file says it. Strings are kept as they are: credd compares them. */
export interface LoginFacts {
  /** `Scopes`, raw; empty = none asked. */
  readonly scopes: string;
  /** `Audience`, raw. */
  readonly audience: string;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  readonly tokenUrl: string;
}

/** Stores logins: what the web page and the device flow end with. */
export interface LoginStore {
  /**
   * Writes `.top`, `.use` and `.meta` of `<user>/<stem>`, the refresh token first and durably. The user's directory is
   * made when it is not there.
   *
   * @param stem `<provider>` or `<provider>_<handle>`
   * @throws LatchkeyError `credmon/name-invalid`, `file/io`
   */
  storeLogin(user: string, stem: string, response: TokenResponse, facts: LoginFacts): Promise<void>;
  /** Removes all of `<user>/<stem>`; true when there was something. The server is told by the caller. */
  removeLogin(user: string, stem: string): Promise<boolean>;
}

/** @param seal makes what is written as `refresh_token` out of the token; absent = as it is */
export function createLoginStore(
  _directory: CredentialDirectory,
  _options: { readonly seal?: (token: Secret, user: string, stem: string) => string } = {},
): LoginStore {
  throw new TypeError('not yet');
}
