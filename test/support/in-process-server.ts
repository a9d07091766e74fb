import type { KeyObject } from 'node:crypto';
import { type Clock, Secret, systemClock } from '../../src/kit/index.ts';
import {
  type AuditEntry,
  type ByteSource,
  encodeRequest,
  KeyPool,
  type LogLevel,
  MessageReader,
  type MyProxyService,
  parseResponse,
  type Request,
  type Response,
  type ServerPolicy,
  StoredChains,
  serveConversation,
} from '../../src/myproxy/index.ts';
import {
  type AccessPolicy,
  type CredentialId,
  type CredentialStore,
  KeyVault,
  type StoredCredential,
  Throttle,
} from '../../src/repository/index.ts';
import {
  basicConstraintsExtension,
  buildCertificate,
  type Certificate,
  type Extension,
  generateKeyPair,
  issueProxy,
  keySigner,
  keyUsageExtension,
  memoryTrustStore,
  parseOneline,
  parseSigningPolicy,
} from '../../src/x509/index.ts';

/** A chain, leaf first, and the leaf's key. */
export interface TestIdentity {
  readonly chain: readonly Certificate[];
  readonly privateKey: KeyObject;
}

/** A server without sockets, and what a test wants to look at. */
export interface InProcessServer {
  readonly service: MyProxyService;
  readonly store: CredentialStore;
  readonly audit: AuditEntry[];
  readonly log: { readonly level: LogLevel; readonly line: string }[];
  /** Opens a connection; the client speaks through the result. */
  connect(identity?: TestIdentity, address?: string): TestClient;
}

/** The client's end of a connection. */
export interface TestClient {
  readonly reader: MessageReader;
  /** Sends bytes. */
  send(bytes: Uint8Array): void;
  /** `0` and the request. */
  request(request: Partial<Request> & Pick<Request, 'command'>): void;
  response(): Promise<Response>;
  /** The client closes its side. */
  end(): void;
  /** Settles when the server has closed. */
  readonly closed: Promise<void>;
  /** Ends the conversation as its deadline would. */
  abort(reason: Error): void;
}

/** Everybody may store and retrieve; nobody renews or is trusted unless the credential says so. */
export const OPEN_POLICY: AccessPolicy = {
  acceptedCredentials: ['*'],
  authorizedRetrievers: ['*'],
  defaultRetrievers: ['*'],
  authorizedRenewers: ['*'],
  defaultRenewers: ['none'],
  authorizedKeyRetrievers: ['*'],
  defaultKeyRetrievers: ['none'],
  trustedRetrievers: ['*'],
  defaultTrustedRetrievers: ['none'],
  allowSelfAuthorization: false,
};

/** How {@link inProcessServer} differs from the usual one. */
export interface InProcessOptions {
  readonly access?: Partial<AccessPolicy>;
  readonly policy?: Partial<ServerPolicy>;
  readonly clock?: Clock;
  /** Default: credentials in memory. */
  readonly store?: CredentialStore;
}

/** An authority with its trust, for chains that the server believes. */
export interface TestAuthority {
  /** `/O=Test/CN=<name>`, valid for 365 days or so many. */
  issue(name: string, days?: number): Promise<TestIdentity>;
  readonly trust: MyProxyService['trust'];
}

/** Makes an authority (EC, fast) with the subject `/O=Test/CN=CA`. */
export async function testAuthority(now: Date = new Date()): Promise<TestAuthority> {
  const ca = await generateKeyPair({ type: 'ec' });
  const signer = keySigner(ca.privateKey);
  const name = parseOneline('/O=Test/CN=CA');
  let serial = 1n;
  const issue = (subject: string, publicKey: KeyObject, extensions: readonly Extension[], days: number) => {
    serial += 1n;
    return buildCertificate({
      subject: parseOneline(subject),
      issuer: name,
      serialNumber: serial,
      notBefore: new Date(now.getTime() - 3_600_000),
      notAfter: new Date(now.getTime() + days * 86_400_000),
      spki: publicKey.export({ type: 'spki', format: 'der' }),
      extensions,
      signer,
    });
  };
  const root = await issue(
    '/O=Test/CN=CA',
    ca.publicKey,
    [basicConstraintsExtension({ isCa: true }), keyUsageExtension(new Set(['keyCertSign', 'cRLSign']))],
    3_650,
  );
  const { policies } = parseSigningPolicy(
    `access_id_CA X509 '/O=Test/CN=CA'\npos_rights globus CA:sign\ncond_subjects globus '"/O=Test/*"'\n`,
  );
  return {
    trust: memoryTrustStore({ authorities: [root], signingPolicies: policies }),
    issue: async (commonName, days = 365) => {
      const { publicKey, privateKey } = await generateKeyPair({ type: 'ec' });
      const usage = keyUsageExtension(new Set(['digitalSignature']));
      const certificate = await issue(`/O=Test/CN=${commonName}`, publicKey, [usage], days);
      return { chain: [certificate], privateKey };
    },
  };
}

/** A proxy of an identity, as the client of a grid has it. */
export async function proxyOf(
  identity: TestIdentity,
  options: { limited?: boolean; now?: Date } = {},
): Promise<TestIdentity> {
  const [issuer] = identity.chain;
  if (issuer === undefined) throw new TypeError('an identity has a certificate');
  const { publicKey, privateKey } = await generateKeyPair({ type: 'ec' });
  const proxy = await issueProxy({
    issuer,
    signer: keySigner(identity.privateKey),
    publicKey,
    limited: options.limited ?? false,
    lifetimeSeconds: 3_600,
    now: options.now ?? new Date(),
  });
  return { chain: [proxy, ...identity.chain], privateKey };
}

/** Credentials in memory. */
function memoryStore(): CredentialStore & { readonly all: Map<string, StoredCredential> } {
  const all = new Map<string, StoredCredential>();
  const keyOf = ({ username, name }: CredentialId): string => JSON.stringify([username, name]);
  return {
    all,
    read: async (id) => all.get(keyOf(id)),
    write: async (credential, { replacing } = {}) => {
      const before = all.get(keyOf(credential));
      if (replacing === 'nothing' && before !== undefined) return false;
      if (typeof replacing === 'object') {
        if (before?.owner !== replacing.owner || !before.pem.equals(replacing.pem)) return false;
        all.set(keyOf(credential), { ...credential, lockMessage: before.lockMessage });
      } else all.set(keyOf(credential), credential);
      return true;
    },
    remove: async (id) => all.delete(keyOf(id)),
    async *list(username) {
      for (const credential of all.values()) {
        if (username === undefined || credential.username === username) yield credential;
      }
    },
    setLock: async (id, lockMessage) => {
      const credential = all.get(keyOf(id));
      if (credential === undefined) return false;
      all.set(keyOf(id), { ...credential, lockMessage });
      return true;
    },
  };
}

/** A server without sockets. */
export function inProcessServer(authority: TestAuthority, options: InProcessOptions = {}): InProcessServer {
  const audit: AuditEntry[] = [];
  const log: { level: LogLevel; line: string }[] = [];
  const clock = options.clock ?? systemClock;
  const store = options.store ?? memoryStore();
  const service: MyProxyService = {
    policy: {
      ignoreLimitedProxies: false,
      checkMultipleCredentials: false,
      ...options.policy,
      access: { ...OPEN_POLICY, ...options.access },
    },
    store,
    vault: new KeyVault({ clock }),
    throttle: new Throttle({ clock }),
    trust: authority.trust,
    chains: new StoredChains(),
    resealOldKeys: true,
    // EC pairs: a test does not wait for RSA.
    keys: new KeyPool({ ready: 0, generate: () => generateKeyPair({ type: 'ec' }) }),
    clock,
    log: (level, _reference, line) => void log.push({ level, line }),
    audit: (entry) => void audit.push(entry),
  };
  return { service, store, audit, log, connect: (identity, address) => connect(service, identity, address) };
}

function connect(
  service: MyProxyService,
  identity: TestIdentity | undefined,
  address = '192.0.2.1',
): TestClient {
  const toServer = pipe();
  const toClient = pipe();
  const abort = new AbortController();
  const reader = new MessageReader(toServer.source, { signal: abort.signal, graceMs: 20 });
  const closed = serveConversation(
    {
      reader,
      peer: { certificates: (identity?.chain ?? []).map((certificate) => certificate.der), address },
      write: async (message) => toClient.push(message),
      close: () => toClient.end(),
    },
    service,
    abort.signal,
  );
  const clientReader = new MessageReader(toClient.source);
  const send = (bytes: Uint8Array): void => toServer.push(bytes);
  return {
    reader: clientReader,
    send,
    request: (request) => {
      send(Buffer.from('0'));
      send(
        encodeRequest({
          username: 'jane',
          passPhrase: new Secret(''),
          lifetimeSeconds: 0,
          wantTrustRoots: false,
          voNames: [],
          vomses: [],
          ...request,
        }),
      );
    },
    response: async () => parseResponse(await clientReader.text()),
    end: () => toServer.end(),
    closed,
    abort: (reason) => abort.abort(reason),
  };
}

/** One direction of a connection. */
function pipe(): { readonly source: ByteSource; push(bytes: Uint8Array): void; end(): void } {
  const chunks: Uint8Array[] = [];
  let isOver = false;
  let wake: (() => void) | undefined;
  const stir = (): void => {
    wake?.();
    wake = undefined;
  };
  return {
    source: {
      read: async () => {
        for (;;) {
          const chunk = chunks.shift();
          if (chunk !== undefined) return chunk;
          if (isOver) return undefined;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
    },
    push: (bytes) => {
      chunks.push(Buffer.from(bytes));
      stir();
    },
    end: () => {
      isOver = true;
      stir();
    },
  };
}
