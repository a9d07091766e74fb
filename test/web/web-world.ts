import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CredmonSettings, LocalProvider, OAuthProvider } from '../../src/credmon/index.ts';
import { openCredentialDirectory } from '../../src/credmon/index.ts';
import type { RunningCredmon } from '../../src/daemon/credmon/running-credmon.ts';
import { startCredmon } from '../../src/daemon/credmon/start-credmon.ts';
import type { WebSettings } from '../../src/daemon/web/settings.ts';
import { startWeb, type WebParts } from '../../src/daemon/web/start-web.ts';
import { boundedFetch } from '../../src/kit/index.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { type PlainBrowser, plainBrowser } from '../support/plain-browser.ts';
import { workspace } from '../support/workspace.ts';

/** A monitor with its page, a real authorization server, and credd played by hand. */
export interface WebWorld {
  /** Where browsers reach the page. */
  readonly prefix: string;
  /** Where it listens. */
  readonly address: string;
  readonly directory: string;
  readonly signInDirectory: string;
  readonly accountsFile: string;
  readonly server: AuthorizationServer;
  readonly credmon: RunningCredmon;
  /** Log lines so far. */
  readonly log: readonly string[];
  readonly fetch: typeof fetch;
  /** Ends the page; happens after the test too. */
  close(): Promise<void>;
  browser(): PlainBrowser;
  /** Writes a request file as credd does; gives the key. */
  request(...wishes: readonly Wish[]): string;
}

/** What a submission asks for. */
export interface Wish {
  readonly user?: string;
  readonly provider?: string;
  readonly handle?: string;
  readonly scopes?: string;
  readonly audience?: string;
  readonly returnUrl?: string;
}

/** How a world differs. */
export interface WorldOptions {
  /** Path of the prefix: `/condor`. */
  readonly path?: string;
  readonly web?: Partial<WebSettings>;
  readonly store?: WebParts['store'];
  readonly server?: Parameters<typeof startAuthorizationServer>[0];
  /** A proxy in front: browsers come there. Given the port the page must listen on. */
  readonly proxyPort?: number;
}

/** Starts all of it in a private directory; ends it after the test. */
export async function startWebWorld(t: TestContext, options: WorldOptions = {}): Promise<WebWorld> {
  const home = workspace(t);
  const directory = join(home, 'credentials');
  mkdirSync(directory);
  chmodSync(directory, 0o2770);
  const server = await startAuthorizationServer(options.server);
  t.after(() => server.close());
  const files = writeFiles(home, server);
  const port = await freePort();
  const prefix = `https://localhost:${options.proxyPort ?? port}${options.path ?? ''}`;
  const settings = settingsOf(directory, prefix, files, server);
  const log: string[] = [];
  const credmon = startCredmon(settings, {
    directory: await openCredentialDirectory(directory),
    log: (level, line) => void log.push(`${level} ${line}`),
  });
  t.after(() => credmon.close());
  const signInDirectory = join(home, 'run', 'sign-in');
  const accountsFile = join(home, 'accounts.json');
  const web = await startWeb(
    {
      prefix,
      listen: { host: '127.0.0.1', port },
      tls: { certificateFile: files.certificate, keyFile: files.key },
      behindProxy: false,
      demandsLocalProof: false,
      operators: ['root'],
      signInDirectory,
      accountsFile,
      ...options.web,
    },
    { credmon, store: options.store, ownLinks: [] },
  );
  t.after(() => web.close());
  const send = boundedFetch({ ca: server.ca });
  return {
    prefix,
    address: web.address,
    directory,
    signInDirectory,
    accountsFile,
    server,
    credmon,
    log,
    fetch: send,
    close: () => web.close(),
    browser: () => plainBrowser(send),
    request: (...wishes) => writeRequest(directory, prefix, server, wishes),
  };
}

interface Files {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  readonly clientSecret: string;
  readonly tokenKey: string;
}

function writeFiles(home: string, server: AuthorizationServer): Files {
  const write = (name: string, text: string): string => {
    const path = join(home, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'sec1',
    format: 'pem',
  });
  return {
    certificate: write('web.pem', server.certificate.certificate),
    key: write('web.key', server.certificate.key),
    ca: write('ca.pem', server.ca),
    clientSecret: write('client.secret', server.clientSecret('post')),
    tokenKey: write('tokens.pem', pem.toString()),
  };
}

function settingsOf(
  directory: string,
  prefix: string,
  files: Files,
  server: AuthorizationServer,
): CredmonSettings {
  const mytokens: OAuthProvider = {
    mode: 'oauth',
    name: 'mytokens',
    returnUrlSuffix: '/return/mytokens',
    exchangePerHandle: false,
    clientId: server.client('post').clientId,
    clientSecretFile: files.clientSecret,
    clientAuthentication: 'client_secret_post',
    issuer: server.issuer,
    caFile: files.ca,
  };
  const scitokens: LocalProvider = {
    mode: 'local',
    name: 'scitokens',
    privateKeyFile: files.tokenKey,
    keyAlgorithm: 'ES256',
    keyId: 'local',
    issuer: prefix,
    authzTemplate: 'read:/user/{username} write:/user/{username}',
    lifetimeSeconds: 1_200,
    format: 'json',
    audience: ['https://storage.example'],
    version: 'scitoken:2.0',
  };
  const providers = { mytokens, scitokens };
  return {
    name: 'CREDMON_OAUTH',
    directory,
    log: { maxBytes: 1 << 20, maxFiles: 1, isVerbose: true },
    webPrefix: prefix,
    allowSpecialNames: false,
    sandboxRefreshSeconds: 300,
    scanSeconds: 60,
    maxParallelRequests: 4,
    requestTimeoutSeconds: 20,
    sealRefreshTokens: false,
    providerOf: (name) =>
      Object.hasOwn(providers, name) ? providers[name as keyof typeof providers] : undefined,
    namedProviders: [mytokens, scitokens],
    findings: [],
  };
}

/** Writes a request file as credd does; gives its key. */
export function writeRequest(
  directory: string,
  prefix: string,
  server: AuthorizationServer,
  wishes: readonly Wish[],
): string {
  const key = randomBytes(32).toString('hex');
  const ads = wishes.map((wish) => {
    const provider = wish.provider ?? 'mytokens';
    const values = {
      Handle: wish.handle ?? '',
      Scopes: wish.scopes ?? 'read:/public, write:/user/alice',
      Audience: wish.audience ?? 'https://storage.example',
      ClientId: server.client('post').clientId,
      Provider: provider,
      TokenUrl: `${server.issuer}/token`,
      LocalUser: wish.user ?? 'alice',
      ReturnUrl: wish.returnUrl ?? `${prefix}/return/${provider}`,
      ClientSecret: server.clientSecret('post'),
      AuthorizationUrl: `${server.issuer}/auth`,
    };
    return Object.entries(values)
      .map(([name, value]) => `${name} = "${value.replaceAll('"', '\\"')}"\n`)
      .join('');
  });
  writeFileSync(join(directory, key), ads.join('\n'), { mode: 0o640 });
  return key;
}

/** A port that was free a moment ago: the page must know its own address before it listens. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
