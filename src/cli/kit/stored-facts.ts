import type { StoredCredential } from '../../repository/index.ts';
import {
  type Certificate,
  loadTrustDirectory,
  locateTrustDirectory,
  parseCertificates,
  validatePath,
} from '../../x509/index.ts';
import type { CredentialFacts } from './credential-lines.ts';
import { fail, type ToolContext } from './tool.ts';

/** A stored credential as an admin sees it. */
export interface StoredFacts extends CredentialFacts {
  readonly credential: StoredCredential;
}

/** What is printed of a stored credential; a chain that cannot be read counts as expired. */
export function storedFacts(credential: StoredCredential): StoredFacts {
  const {
    owner,
    username,
    name,
    description,
    retrievers,
    renewers,
    keyRetrievers,
    trustedRetrievers,
    lockMessage,
  } = credential;
  const ends = chainOf(credential).map(({ notAfter }) => notAfter.getTime());
  return {
    credential,
    owner,
    username,
    name,
    description,
    retrievers,
    renewers,
    keyRetrievers,
    trustedRetrievers,
    lockMessage: lockMessage?.split('\n', 1)[0],
    endTime: new Date(ends.length === 0 ? 0 : Math.min(...ends)),
  };
}

/** A check of stored chains against the trust directory in use: what is wrong, or undefined. @throws ToolExit when there is no trust directory */
export async function verifyStored(
  context: ToolContext,
): Promise<(credential: StoredCredential) => string | undefined> {
  const directory = await locateTrustDirectory({ env: { ...context.env }, uid: context.uid });
  if (directory === undefined)
    throw fail('there is no directory of trusted authorities\n  hint: set X509_CERT_DIR');
  const trust = await loadTrustDirectory(directory);
  return (credential) => {
    const chain = chainOf(credential);
    if (chain.length === 0) return 'the certificates cannot be read';
    const { ok, findings } = validatePath(chain, { trust, now: context.now() });
    if (ok) return undefined;
    return findings
      .filter(({ severity }) => severity === 'error')
      .map(({ message }) => message)
      .join('; ');
  };
}

function chainOf(credential: StoredCredential): readonly Certificate[] {
  try {
    return parseCertificates(credential.pem.revealText());
  } catch {
    return [];
  }
}
