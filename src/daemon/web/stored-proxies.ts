import type { CredentialStore, StoredCredential } from '../../repository/index.ts';
import type { CredentialView } from '../../web/index.ts';
import { formatOneline, parseCertificates } from '../../x509/index.ts';
import type { CredentialShelf } from './kept-credentials.ts';

/** Between owner and name, so that no token's name is meant. */
const MARK = 'myproxy:';
const DEFAULT_NAME = 'default';

/** The MyProxy store's credentials beside the tokens: whose account it is there is whose credential it is here. */
export function storedProxies(store: Pick<CredentialStore, 'list' | 'remove'>): CredentialShelf {
  return {
    async list(owner) {
      const views: CredentialView[] = [];
      for await (const credential of store.list(owner)) {
        const view = viewOf(credential);
        if (view !== undefined) views.push(view);
      }
      return views;
    },
    async revoke(id) {
      const slash = id.indexOf('/');
      const name = id.slice(slash + 1);
      if (slash < 1 || !name.startsWith(MARK)) return false;
      const credentialName = name.slice(MARK.length);
      return await store.remove({
        username: id.slice(0, slash),
        ...(credentialName === DEFAULT_NAME ? {} : { name: credentialName }),
      });
    },
  };
}

/** Undefined for what is no credential of certificates, or of a user whose name is none here. */
function viewOf({ username, name, pem, owner, description }: StoredCredential): CredentialView | undefined {
  if (username.includes('/')) return undefined;
  try {
    const chain = parseCertificates(pem.revealText());
    const [leaf] = chain;
    if (leaf === undefined) return undefined;
    return {
      id: `${username}/${MARK}${name ?? DEFAULT_NAME}`,
      owner: username,
      kind: 'x509-proxy',
      provider: 'MyProxy',
      mode: 'myproxy',
      purpose: description ?? owner ?? formatOneline(leaf.subject),
      state: 'current',
      issuedAt: leaf.notBefore,
      expiresAt: new Date(Math.min(...chain.map(({ notAfter }) => notAfter.getTime()))),
      failures: 0,
      canRenew: false,
      canRevoke: true,
      canLogIn: false,
    };
  } catch {
    return undefined;
  }
}
