import { readFileSync, statSync } from 'node:fs';
import { type Clock, LatchkeyError, quote, systemClock } from '../../kit/index.ts';
import type { KeyAlgorithm, TrustStore } from '../../x509/index.ts';
import type { ClientTimeouts, MyProxyClientOptions } from './client-options.ts';
import { type ClientConfig, defaultBitsOf, parseClientConfig } from './config-file.ts';
import { type ClientEnvironment, readEnvironment } from './environment.ts';
import type { NoticeListener } from './notice.ts';
import type { OwnIdentity } from './own-identity.ts';
import type { SecretSource } from './secret-source.ts';
import { parseServerList, type ServerAddress } from './server-list.ts';

/** What holds where nothing else is said. Times in seconds. */
export const CLIENT_DEFAULTS = {
  port: 7512,
  proxyCertLifetime: 43_200,
  proxyCertMaxLifetime: 43_200,
  storedCredentialLifetime: 604_800,
  keyBits: 2048,
  connectTimeout: 10,
  handshakeTimeout: 30,
  replyTimeout: 120,
} as const;

/** The settings of a client, from its options, its configuration file, the environment and the defaults, in this order. */
export interface ClientSettings {
  /** As it was written; nothing when no server is named anywhere. */
  readonly hostname?: string | undefined;
  readonly port: number;
  readonly serverDN?: string | undefined;
  readonly caCertDir?: string | undefined;
  readonly trust?: TrustStore | undefined;
  readonly proxyCertLifetime: number;
  readonly proxyCertMaxLifetime: number;
  readonly openSSLConfFilePath?: string | undefined;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly identity?: OwnIdentity | undefined;
  readonly keyPassphrase?: SecretSource | undefined;
  /** Milliseconds. */
  readonly timeouts: { readonly [Name in keyof ClientTimeouts]-?: number };
  readonly environment: ClientEnvironment;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly onNotice?: NoticeListener | undefined;
}

const MAX_CONFIG_BYTES = 1 << 20;

/** @throws LatchkeyError `config/invalid`, `config/malformed`, `file/io` */
export function resolveSettings(options: MyProxyClientOptions): ClientSettings {
  const env = options.env ?? process.env;
  const environment = readEnvironment(env);
  const config: ClientConfig =
    options.configFile === undefined ? {} : parseClientConfig(readConfig(options.configFile));
  const bits =
    config.openSSLConfFilePath === undefined
      ? undefined
      : defaultBitsOf(readConfig(config.openSSLConfFilePath));
  const limits = options.timeouts ?? {};
  return {
    hostname: options.hostname ?? config.hostname ?? environment.servers,
    port: options.port ?? config.port ?? environment.port ?? CLIENT_DEFAULTS.port,
    serverDN: options.serverDN ?? config.serverDN ?? environment.serverDN,
    caCertDir: options.caCertDir ?? config.caCertDir,
    trust: options.trust,
    proxyCertLifetime:
      options.proxyCertLifetime ?? config.proxyCertLifetime ?? CLIENT_DEFAULTS.proxyCertLifetime,
    proxyCertMaxLifetime:
      options.proxyCertMaxLifetime ?? config.proxyCertMaxLifetime ?? CLIENT_DEFAULTS.proxyCertMaxLifetime,
    openSSLConfFilePath: config.openSSLConfFilePath,
    keyAlgorithm: { type: 'rsa', bits: bits ?? environment.keyBits ?? CLIENT_DEFAULTS.keyBits },
    identity: options.identity,
    keyPassphrase: options.keyPassphrase,
    timeouts: {
      connect: limits.connect ?? environment.connectTimeoutMs ?? CLIENT_DEFAULTS.connectTimeout * 1000,
      handshake: limits.handshake ?? CLIENT_DEFAULTS.handshakeTimeout * 1000,
      reply: limits.reply ?? CLIENT_DEFAULTS.replyTimeout * 1000,
    },
    environment,
    env,
    clock: options.clock ?? systemClock,
    signal: options.signal,
    onNotice: options.onNotice,
  };
}

/** @throws LatchkeyError `config/missing` when no server is named, `config/invalid` */
export function serversOf({ hostname, port }: ClientSettings): readonly ServerAddress[] {
  if (hostname === undefined || hostname.trim() === '') {
    throw new LatchkeyError('config/missing', 'no MyProxy server is named', {
      hint: 'set MYPROXY_SERVER, or give the host name of the server',
    });
  }
  return parseServerList(hostname, port);
}

/** Read at once, not in the background: a client is made where a program starts, and its settings are then known. */
function readConfig(path: string): string {
  try {
    if (statSync(path).size > MAX_CONFIG_BYTES) {
      throw new LatchkeyError('config/invalid', `${quote(path)} is too large for a configuration file`);
    }
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot read the configuration file ${quote(path)}: ${reason}`, {
      cause,
    });
  }
}
