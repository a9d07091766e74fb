import type { Source } from '../keeper/index.ts';

/**
 * How work finds a credential: a proxy file named by `X509_USER_PROXY`, a token file by `BEARER_TOKEN_FILE`, or
 * `<name>.use` in the directory named by `_CONDOR_CREDS`, as in HTCondor's jobs.
 */
export type CredentialForm = 'x509-proxy' | 'bearer-token' | { readonly condor: string };

/** A credential that follows a job. */
export interface JobCredential {
  readonly source: Source;
  readonly as: CredentialForm;
  /** False = the source can be asked once only: the credential must outlive the job. Default true. */
  readonly renewable?: boolean | undefined;
}
