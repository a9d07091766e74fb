import type { Credential } from '../../keeper/index.ts';
import { LatchkeyError, Secret } from '../../kit/index.ts';
import type { OAuthClient } from '../../oauth/index.ts';
import { textMember } from '../json-file.ts';
import type { PelicanProvider } from '../settings.ts';
import { clientRegistration, originOf } from './client-registration.ts';
import type { OAuthSurroundings } from './oauth-source.ts';
import type { CredmonSource, Request } from './source-table.ts';
import { commitRotation, prepareRotation, readStoredToken, type StoredToken } from './stored-token.ts';
import { tokenCredential } from './token-credential.ts';
import { wordsOf } from './wish.ts';

/** Tokens of a Pelican federation: the login's token is exchanged once, its refresh token kept from then on. */
export function createPelicanSource(
  provider: PelicanProvider,
  { user, stem }: Request,
  around: OAuthSurroundings,
): CredmonSource {
  const exchangeOrRefresh = async (stored: StoredToken): Promise<Credential> => {
    const { members } = stored.top;
    const client = await pelicanClient(provider, around.requestTimeoutSeconds);
    const { fetchPelicanToken } = await import('../../oauth/index.ts');
    const prepared = await prepareRotation(around, stored);
    try {
      const subject = textMember(members, 'access_token');
      const { token, issuer, tokenUrl } = await fetchPelicanToken(client, {
        refreshToken: stored.refreshToken,
        subjectToken: subject === undefined ? undefined : new Secret(subject),
        issuer: textMember(members, 'iss'),
        tokenUrl: textMember(members, 'token_url'),
        // credd writes `scopes`; upstream looks for `scope` and so forgets what was asked.
        scope: wordsOf(stored.top.scopes ?? textMember(members, 'scope')).join(' '),
        audience: wordsOf(stored.top.audience),
      });
      const { refreshToken } = token;
      const isNew = refreshToken !== undefined && stored.refreshToken?.equals(refreshToken) !== true;
      if (isNew) {
        const { access_token: _used, ...others } = members;
        const kept = { ...others, token_url: tokenUrl, ...(issuer === undefined ? {} : { iss: issuer }) };
        await commitRotation(around, stored, prepared, refreshToken, kept);
      }
      return tokenCredential(token, 'json', around.now());
    } finally {
      await prepared.close();
    }
  };
  return {
    authority: originOf(provider.tokenUrl) ?? provider.name,
    isLocal: false,
    obtain: (lease) =>
      around.unbroken.run(lease.id, async () => exchangeOrRefresh(await readStoredToken(around, user, stem))),
  };
}

/**
 * The registration of a provider.
 *
 * @throws LatchkeyError `oauth/config` when there is a client secret and no token URL: without one the token that a user
 * stored says which server is asked, and the secret would go wherever a user likes
 */
export async function pelicanClient(provider: PelicanProvider, timeoutSeconds: number): Promise<OAuthClient> {
  const { name, clientId = '', clientSecretFile, tokenUrl, caFile, dangerouslySkipTlsVerify } = provider;
  if (clientSecretFile !== undefined && tokenUrl === undefined) {
    throw new LatchkeyError(
      'oauth/config',
      `${name} has a client secret, and no token URL that it may be sent to`,
      {
        hint: `the administrator sets ${name}_PELICAN_TOKEN_URL`,
      },
    );
  }
  const clientAuthentication = clientSecretFile === undefined ? 'none' : 'client_secret_post';
  const client = await clientRegistration(
    { clientId, clientSecretFile, clientAuthentication, tokenUrl, caFile },
    timeoutSeconds,
  );
  return { ...client, dangerouslySkipTlsVerify };
}
