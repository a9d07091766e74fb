import type { CredmonSettings, LoginRequest, LoginStore, OAuthProvider } from '../../credmon/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';
import {
  awaitDeviceLogin,
  beginAuthorization,
  beginDeviceLogin,
  discover,
  finishAuthorization,
  type OAuthClient,
  type PendingAuthorization,
  revokeToken,
} from '../../oauth/index.ts';
import type { Logins } from '../../web/index.ts';
import { clientOfRequest } from './client-of-request.ts';
import { stemOf } from './request-files.ts';

/** A page is not kept waiting for a server that may offer something more. */
const PATIENCE_MS = 1_500;

/** What logins need from a running monitor. */
export interface LoginSurroundings {
  settings(): Pick<CredmonSettings, 'providerOf' | 'requestTimeoutSeconds'>;
  readonly logins: LoginStore;
  wake(): Promise<void>;
}

/** Logins of request files at real authorization servers, stored in the credential directory. */
export function createLogins({ settings, logins, wake }: LoginSurroundings): Logins {
  const clientOf = (request: LoginRequest): Promise<OAuthClient> =>
    clientOfRequest(providerOf(settings(), request), request, settings().requestTimeoutSeconds);
  return {
    async begin(request) {
      const client = await clientOf(request);
      const { url, pending } = await beginAuthorization(client, {
        redirectUri: request.returnUrl,
        scope: await scopeOf(client, request),
        ...whereUsed(request),
      });
      return { url, state: pending.state, pending };
    },
    finish: async (request, pending, callback) =>
      await finishAuthorization(await clientOf(request), pending as PendingAuthorization, callback),
    async offersDevice(request) {
      const provider = settings().providerOf(request.provider);
      if (provider?.mode !== 'oauth') return false;
      if (provider.deviceUrl !== undefined) return true;
      if (provider.issuer === undefined) return false;
      const answer = discover(provider.issuer, await clientOf(request)).then(
        ({ device_authorization_endpoint: endpoint }) => endpoint !== undefined,
        () => false,
      );
      return await Promise.race([answer, later(false)]);
    },
    async beginDevice(request) {
      const client = await clientOf(request);
      const login = await beginDeviceLogin(client, {
        scope: await scopeOf(client, request),
        ...whereUsed(request),
      });
      const ending = new AbortController();
      return {
        userCode: login.userCode,
        verificationUrl: login.verificationUrl,
        verificationUrlComplete: login.completeUrl,
        expiresAt: login.expiresAt,
        finished: awaitDeviceLogin(client, login, { signal: ending.signal }),
        cancel: () => ending.abort(),
      };
    },
    async store(request, tokens) {
      await logins.storeLogin(request.localUser, stemOf(request), tokens, {
        scopes: request.scopes,
        audience: request.audience,
        clientId: request.clientId,
        clientSecret: request.clientSecret,
        tokenUrl: request.tokenUrl,
      });
      await wake();
    },
    async discard(request, tokens) {
      const client = await clientOf(request);
      if (tokens.refreshToken === undefined) {
        await revokeToken(client, tokens.accessToken, { kind: 'access_token' });
      } else await revokeToken(client, tokens.refreshToken, { kind: 'refresh_token' });
    },
  };
}

function providerOf(
  settings: Pick<CredmonSettings, 'providerOf'>,
  { provider: name }: LoginRequest,
): OAuthProvider | undefined {
  const provider = settings.providerOf(name);
  if (provider === undefined || provider.mode === 'oauth') return provider;
  throw new LatchkeyError(
    'oauth/config',
    `the provider ${quote(name)} is not one to log in at: its mode is ${provider.mode}`,
    { hint: 'submit again; if this comes back, tell the administrators of the access point' },
  );
}

/** The scopes of the submit file; with `openid` where the server has it, or nobody would know whose login it is. */
async function scopeOf(client: OAuthClient, { scopes }: LoginRequest): Promise<string> {
  const asked = scopes.split(/[\s,]+/).filter((scope) => scope !== '');
  if (client.issuer !== undefined && !asked.includes('openid')) {
    const { scopes_supported: supported } = await discover(client.issuer, client);
    if (supported?.includes('openid') === true) asked.unshift('openid');
  }
  return asked.join(' ');
}

/** RFC 8707 wants absolute URIs as `resource`; what is none goes by the other name. */
function whereUsed({ audience }: LoginRequest): { resource?: string; audience?: string } {
  if (audience === '') return {};
  return URL.canParse(audience) ? { resource: audience } : { audience };
}

function later<T>(value: T): Promise<T> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(value), PATIENCE_MS).unref();
  });
}
