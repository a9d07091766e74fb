/** What a credential is asked for: one ClassAd of the pre-submit check. */
export interface CredentialRequest {
  readonly service: string;
  readonly handle?: string | undefined;
  /** As written in the submit file; absent and empty are the same. */
  readonly scopes?: string | undefined;
  readonly audience?: string | undefined;
}

/** The file stem of a service and handle: `mytokens`, `mytokens_read`. */
export function stemOf(service: string, handle?: string): string {
  const name = service.replaceAll('/', ':');
  return handle === undefined || handle === '' ? name : `${name}_${handle}`;
}

/** credd takes letters, digits and `- + = _ .`, nothing else. */
export function isAcceptedName(name: string): boolean {
  return /^[A-Za-z0-9\-+=_.]+$/.test(name);
}

/** credd drops the domain. */
export function localPart(user: string): string {
  return user.split('@')[0] ?? '';
}
