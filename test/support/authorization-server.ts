import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Provider } from 'oidc-provider';
import { boundedFetch, Secret } from '../../src/kit/index.ts';
import type { OAuthClient } from '../../src/oauth/index.ts';
import { isInteraction, serveInteraction } from './login-pages.ts';
import { type LoopbackCertificate, loopbackCertificate } from './loopback-certificate.ts';
import { plainBrowser } from './plain-browser.ts';
import { makeProvider } from './provider-configuration.ts';

/** How the registrations differ: in how the client proves who it is. Each may use every flow. */
export type Registration = 'basic' | 'post' | 'jwt' | 'public';

/** What {@link startAuthorizationServer} varies. */
export interface AuthorizationServerOptions {
  /** Default 600. */
  readonly accessTokenSeconds?: number;
  /** `aud` of tokens for which no resource was asked; default `https://storage.example`. */
  readonly audience?: string;
  /** Sees each request first; true = it was answered. For outages. */
  readonly intercept?: (path: string, respond: (status: number, body: string) => void) => boolean;
}

/** A request that the server has answered. */
interface ServedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** A real authorization server (oidc-provider) on https://localhost. A refresh token works once; using it again ends the grant. Everybody can log in under any name, without a pass phrase. */
export interface AuthorizationServer {
  /** `https://localhost:<port>`; discovery is there. */
  readonly issuer: string;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
  readonly certificate: LoopbackCertificate;
  /** Every request answered so far. */
  readonly requests: readonly ServedRequest[];
  /** A registered client as `latchkey/oauth` wants it. Any redirect URI on localhost or 127.0.0.1 is accepted. */
  client(registration?: Registration): OAuthClient;
  /** The registration's secret; `jwt` and `public` have none. */
  clientSecret(registration: 'basic' | 'post'): string;
  /** Goes through login and consent pages as a browser without scripts would; gives the URL it is sent back to, unopened. */
  logIn(url: string, choice: LoginChoice): Promise<string>;
  /** Confirms a device code as the user; `GET /test/approve-device?code=…&user=…` does the same. */
  approveDevice(userCode: string, user?: string): Promise<void>;
  /** Refuses it. */
  refuseDevice(userCode: string): Promise<void>;
  /** Withdraws everything a user has consented to: refresh tokens are `invalid_grant` from then on. */
  endGrants(user: string): Promise<void>;
  close(): Promise<void>;
}

/** How a user behaves at the pages. */
interface LoginChoice {
  readonly user: string;
  /** Default true. */
  readonly consent?: boolean;
  readonly redirectUri: string;
}

/** Starts the server on the loopback address. */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  const certificate = await loopbackCertificate();
  const server = createServer({ cert: certificate.certificate, key: certificate.key });
  const issuer = await listen(server);
  const secrets = { basic: secretText(), post: secretText() };
  const clientKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { provider, grants } = await makeProvider(issuer, {
    ...options,
    secrets,
    clientKey: clientKey.publicKey,
  });
  const requests: ServedRequest[] = [];
  const devices = deviceDecisions(provider, grants, options.audience);
  serve(server, provider, { requests, grants, devices, intercept: options.intercept });
  const client = makeClients(issuer, certificate.ca, secrets, clientKey.privateKey);
  return {
    issuer,
    ca: certificate.ca,
    certificate,
    requests,
    client,
    clientSecret: (registration) => secrets[registration],
    logIn: (url, choice) => logIn(url, choice, certificate.ca),
    ...devices,
    endGrants: async (user) => {
      for (const id of grants.get(user) ?? []) await (await provider.Grant.find(id))?.destroy();
      grants.delete(user);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function secretText(): string {
  return randomBytes(24).toString('base64url');
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve(`https://localhost:${(server.address() as AddressInfo).port}`);
    });
  });
}

function makeClients(
  issuer: string,
  ca: string,
  secrets: { readonly basic: string; readonly post: string },
  key: KeyObject,
): (registration?: Registration) => OAuthClient {
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const authentications: Record<Registration, OAuthClient['authentication']> = {
    basic: { method: 'client_secret_basic', secret: new Secret(secrets.basic) },
    post: { method: 'client_secret_post', secret: new Secret(secrets.post) },
    jwt: { method: 'private_key_jwt', key: new Secret(pem), keyId: 'client-1' },
    public: { method: 'none' },
  };
  return (registration = 'post') => ({
    clientId: `latchkey-${registration}`,
    authentication: authentications[registration],
    issuer,
    ca,
  });
}

type DeviceDecisions = Pick<AuthorizationServer, 'approveDevice' | 'refuseDevice'>;

function deviceDecisions(
  provider: Provider,
  grants: Map<string, string[]>,
  audience = 'https://storage.example',
): DeviceDecisions {
  const find = async (userCode: string) => {
    const plain = userCode.toUpperCase().replace(/[^A-Z0-9]/g, '');
    const code = await provider.DeviceCode.findByUserCode(plain, { ignoreExpiration: true });
    if (code === undefined) throw new Error(`no device code ${userCode}`);
    return code;
  };
  return {
    approveDevice: async (userCode, user = 'alice') => {
      const code = await find(userCode);
      const scope = code.params.scope ?? '';
      const resource = code.params.resource ?? audience;
      const grant = new provider.Grant({ accountId: user, clientId: code.clientId });
      grant.addOIDCScope(scope);
      grant.addResourceScope(resource, scope);
      const grantId = await grant.save();
      grants.set(user, [...(grants.get(user) ?? []), grantId]);
      const authTime = Math.floor(Date.now() / 1_000);
      Object.assign(code, { accountId: user, grantId, scope, resource, authTime });
      await code.save();
    },
    refuseDevice: async (userCode) => {
      const code = await find(userCode);
      Object.assign(code, { error: 'access_denied', errorDescription: 'the user refused' });
      await code.save();
    },
  };
}

interface Served {
  readonly requests: ServedRequest[];
  readonly grants: Map<string, string[]>;
  readonly devices: DeviceDecisions;
  readonly intercept: AuthorizationServerOptions['intercept'];
}

function serve(server: Server, provider: Provider, { requests, grants, devices, intercept }: Served): void {
  const callback = provider.callback();
  server.on('request', (request, response) => {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'https://localhost');
    const method = request.method ?? '';
    response.on('finish', () => void requests.push({ method, path, status: response.statusCode }));
    const respond = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(body);
    };
    const settle = (work: Promise<unknown>, done?: string): void => {
      work.then(
        () => done !== undefined && respond(200, done),
        (error: unknown) => respond(400, String(error)),
      );
    };
    if (intercept?.(path, respond) === true) return;
    const code = searchParams.get('code') ?? '';
    if (path === '/test/approve-device') {
      settle(devices.approveDevice(code, searchParams.get('user') ?? undefined), 'approved');
    } else if (isInteraction(path)) settle(serveInteraction(provider, grants, request, response));
    else callback(request, response);
  });
}

async function logIn(url: string, choice: LoginChoice, ca: string): Promise<string> {
  const browser = plainBrowser(boundedFetch({ ca }), (address) => address.startsWith(choice.redirectUri));
  let page = await browser.open(url);
  while (page.status === 200) {
    if (page.text.includes('name="user"')) page = await browser.submit(page, { user: choice.user });
    else page = await browser.submit(page, {}, { button: choice.consent === false ? 'refuse' : 'approve' });
  }
  if (page.status !== 0) throw new Error(`the login ended with HTTP ${page.status}: ${page.text}`);
  return page.url;
}
