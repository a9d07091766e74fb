/** Where the mapping of DNs to user names comes from; a program beats a file. */
export interface AcceptedMapping {
  /** `accepted_credentials_mapapp` */
  readonly program?: string | undefined;
  /** `accepted_credentials_mapfile` */
  readonly file?: string | undefined;
  readonly signal?: AbortSignal;
}

/** Refusal lines when the DN may not store under the user name; empty = nothing against it. */
export function checkAcceptedMapping(
  _dn: string,
  _username: string,
  _mapping: AcceptedMapping,
): Promise<readonly string[]> {
  throw new Error('not there yet');
}
