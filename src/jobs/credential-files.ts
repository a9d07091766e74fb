import { LatchkeyError, quote } from '../kit/index.ts';
import type { CredentialForm, JobCredential } from './job-credential.ts';

/** The directory of a job's credentials, in its sandbox. */
const CREDENTIALS = 'credentials';

/** Where a credential is, relative to the sandbox. */
export function credentialFile(form: CredentialForm): string {
  return typeof form === 'string' ? `${CREDENTIALS}/${form}` : `${CREDENTIALS}/condor/${form.condor}.use`;
}

/** A short name for leases and people: `x509-proxy`, `condor/storage`. */
export function credentialName(form: CredentialForm): string {
  return typeof form === 'string' ? form : `condor/${form.condor}`;
}

/** The variables that point a job to its credentials, with paths relative to the sandbox. */
export function credentialVariables(
  credentials: readonly Pick<JobCredential, 'as'>[] = [],
): readonly (readonly [string, string])[] {
  const variables = new Map<string, string>();
  for (const { as } of credentials) {
    if (as === 'x509-proxy') variables.set('X509_USER_PROXY', credentialFile(as));
    else if (as === 'bearer-token') variables.set('BEARER_TOKEN_FILE', credentialFile(as));
    else variables.set('_CONDOR_CREDS', `${CREDENTIALS}/condor`);
  }
  return [...variables];
}

/**
 * Checks that each has a place of its own, and a name that stays in it.
 *
 * @throws LatchkeyError `jobs/description`
 */
export function checkCredentials(credentials: readonly JobCredential[]): void {
  const seen = new Set<string>();
  if (!Array.isArray(credentials))
    throw new LatchkeyError('jobs/description', '"credentials" must be a list');
  for (const { as, source } of credentials.map(asObject)) {
    if (typeof (source as Partial<JobCredential['source']> | undefined)?.obtain !== 'function') {
      throw new LatchkeyError('jobs/description', 'a credential has no source that could be asked for it', {
        hint: 'a source is no data: session.source(context) gives one, and so do --proxy and --token of latchkey run',
      });
    }
    if (!isForm(as)) {
      const said = String(typeof as === 'object' ? (as as { condor?: unknown } | null)?.condor : as);
      throw new LatchkeyError('jobs/description', `a credential cannot be delivered as ${quote(said)}`, {
        hint: '"x509-proxy", "bearer-token" or { condor: "name" }, a name of letters, digits, "_", "." and "-"',
      });
    }
    const name = credentialName(as);
    if (seen.has(name)) {
      throw new LatchkeyError('jobs/description', `two credentials would be delivered as "${name}"`);
    }
    seen.add(name);
  }
}

/** A description may be JSON, where anything can stand. */
function asObject(given: unknown): JobCredential {
  return (typeof given === 'object' && given !== null ? given : {}) as JobCredential;
}

function isForm(as: unknown): boolean {
  if (typeof as !== 'object' || as === null) return FORMS.includes(as);
  const { condor } = as as { readonly condor?: unknown };
  return typeof condor === 'string' && /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(condor);
}

const FORMS: readonly unknown[] = ['x509-proxy', 'bearer-token'];
