import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { Context, Provider } from 'oidc-provider';
import type { AuthorizationServerOptions, Registration } from './authorization-server.ts';
import { page } from './login-pages.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

const OIDC_SCOPES = ['openid', 'offline_access', 'profile'];

/** What is made for one server. */
export interface ProviderSeed extends AuthorizationServerOptions {
  readonly secrets: { readonly basic: string; readonly post: string };
  readonly clientKey: KeyObject;
}

/** An oidc-provider with every flow of ours switched on, and the grants that users have given (user → ids). */
export async function makeProvider(
  issuer: string,
  seed: ProviderSeed,
): Promise<{ provider: Provider; grants: Map<string, string[]> }> {
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provider = await quietly(async () => {
    const { Provider: Constructor } = await import('oidc-provider');
    return new Constructor(issuer, configuration(seed, signing.privateKey));
  });
  provider.Client.prototype.redirectUriAllowed = (uri) =>
    URL.canParse(uri) && /^(localhost|127\.0\.0\.1)$/.test(new URL(uri).hostname);
  provider.registerGrantType(
    EXCHANGE,
    (ctx) => exchange(ctx, provider, issuer, signing.publicKey, seed),
    ['subject_token', 'subject_token_type', 'requested_token_type', 'scope', 'audience'],
    ['audience'],
  );
  return { provider, grants: new Map() };
}

/** oidc-provider tells about development defaults and Node 20 on the console. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { warn, info } = console;
  console.warn = () => {};
  console.info = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { warn, info });
  }
}

function configuration(seed: ProviderSeed, signingKey: KeyObject): Record<string, unknown> {
  const { audience = 'https://storage.example', accessTokenSeconds = 600 } = seed;
  // Paths in scopes are endless, so whatever somebody asks for is known from then on.
  const known = new Set<string>();
  const resourceServer = (ctx: Context, resource: string) => {
    const asked = ctx.oidc.params.scope;
    if (typeof asked === 'string')
      for (const scope of asked.split(' ')) if (!OIDC_SCOPES.includes(scope)) known.add(scope);
    return resourceServerData(resource, [...known].join(' '), accessTokenSeconds);
  };
  return {
    jwks: { keys: [{ ...signingKey.export({ format: 'jwk' }), kid: 'server-1', use: 'sig', alg: 'ES256' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    clients: clients(seed),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: OIDC_SCOPES,
    claims: { openid: ['sub'], profile: ['name'] },
    conformIdTokenClaims: false,
    interactions: { url: (_: Context, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_: Context, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, name: `${id.slice(0, 1).toUpperCase()}${id.slice(1)} Example` }),
    }),
    issueRefreshToken: async (_: Context, client: Context['oidc']['client']) =>
      client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async () => false,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenSeconds,
      ClientCredentials: accessTokenSeconds,
      DeviceCode: 600,
      RefreshToken: 86_400,
      IdToken: 600,
      Interaction: 600,
      Session: 3_600,
      Grant: 86_400,
    },
    formats: { customizers: { jwt: addClaims } },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, ...devicePages },
      introspection: { enabled: true },
      revocation: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_: Context, __: unknown, oneOf?: string[]) => oneOf?.[0] ?? audience,
        useGrantedResource: () => true,
        getResourceServerInfo: resourceServer,
      },
    },
  };
}

function resourceServerData(
  audience: string,
  scope: string,
  accessTokenTTL: number,
): Record<string, unknown> {
  return { scope, audience, accessTokenTTL, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
}

/** What verifiers of grid tokens look for besides RFC 9068's claims. */
function addClaims(_: Context, __: unknown, { payload }: { payload: Record<string, unknown> }): void {
  Object.assign(payload, { nbf: payload.iat, 'wlcg.ver': '1.0' });
}

function clients({ secrets, clientKey }: ProviderSeed): Record<string, unknown>[] {
  const registrations: Record<Registration, Record<string, unknown>> = {
    basic: { client_secret: secrets.basic, token_endpoint_auth_method: 'client_secret_basic' },
    post: { client_secret: secrets.post, token_endpoint_auth_method: 'client_secret_post' },
    jwt: {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ ...clientKey.export({ format: 'jwk' }), kid: 'client-1', use: 'sig', alg: 'ES256' }] },
    },
    public: { token_endpoint_auth_method: 'none' },
  };
  return Object.entries(registrations).map(([name, registration]) => ({
    client_id: `latchkey-${name}`,
    redirect_uris: ['https://localhost/return'],
    response_types: ['code'],
    grant_types: [
      ...['authorization_code', 'refresh_token', DEVICE, EXCHANGE],
      ...(name === 'public' ? [] : ['client_credentials']),
    ],
    ...registration,
  }));
}

const devicePages = {
  userCodeInputSource: async (ctx: Context, form: string): Promise<void> => {
    ctx.body = page(
      'Enter the code',
      `${form}<button type="submit" form="op.deviceInputForm">Continue</button>`,
    );
  },
  userCodeConfirmSource: async (
    ctx: Context,
    form: string,
    _: unknown,
    __: unknown,
    userCode: string,
  ): Promise<void> => {
    ctx.body = page(
      'Confirm the code',
      `<p><code>${userCode}</code></p>${form}
<button type="submit" form="op.deviceConfirmForm">Continue</button>
<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">Abort</button>`,
    );
  },
  successSource: async (ctx: Context): Promise<void> => {
    ctx.body = page('Done', '<p>The device is logged in. You can close this window.</p>');
  },
};

/** Token exchange (RFC 8693), which oidc-provider leaves to its user: the same or fewer scopes, any audience. */
async function exchange(
  ctx: Context,
  provider: Provider,
  issuer: string,
  key: KeyObject,
  { audience = 'https://storage.example', accessTokenSeconds = 600 }: ProviderSeed,
): Promise<void> {
  const { subject_token, scope, audience: asked } = ctx.oidc.params;
  const refuse = (error: string, error_description: string): void => {
    ctx.status = 400;
    ctx.body = { error, error_description };
  };
  let held: { sub?: string; scope?: unknown };
  try {
    held = (await jwtVerify(String(subject_token), key, { issuer })).payload;
  } catch {
    return refuse('invalid_request', 'the subject token is not one of ours, or has ended');
  }
  const heldScopes = String(held.scope ?? '').split(' ');
  const wanted = typeof scope === 'string' ? scope.split(' ') : heldScopes;
  const excess = wanted.find((one) => !heldScopes.some((have) => one === have || isNarrower(one, have)));
  if (excess !== undefined) return refuse('invalid_scope', `the subject token does not hold ${excess}`);
  const { client } = ctx.oidc;
  const accountId = held.sub ?? client.clientId;
  const resource = [asked ?? audience].flat()[0] ?? audience;
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  grant.addResourceScope(resource, wanted.join(' '));
  const token = new provider.AccessToken({
    accountId,
    client,
    grantId: await grant.save(),
    gty: 'token-exchange',
  });
  const data = resourceServerData(resource, wanted.join(' '), accessTokenSeconds);
  token.resourceServer = new provider.ResourceServer(resource, data);
  token.scope = wanted.join(' ');
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: token.expiration,
    scope: token.scope,
  };
}

/** `storage.read:/a/b` within `storage.read:/a`. */
function isNarrower(wanted: string, held: string): boolean {
  const base = held.endsWith('/') ? held : `${held}/`;
  return held.includes(':/') && wanted.startsWith(base);
}
