import { LatchkeyError } from '../../kit/index.ts';
import { bootstrapTrust } from './bootstrap.ts';
import type { OperationOptions } from './client-options.ts';
import { type ClientSettings, serversOf } from './client-settings.ts';
import { openConnection, type ServerConnection } from './connection.ts';
import type { NoticeListener } from './notice.ts';
import { checkNotExpired, findIdentity, type LoadedIdentity, loadIdentity } from './own-identity.ts';
import type { TrustSource } from './trust-source.ts';

/** One call of a client's method: its settings, and what the call itself says. */
export interface Operation {
  readonly settings: ClientSettings;
  readonly trust: TrustSource;
  readonly notify: NoticeListener;
  readonly signal: AbortSignal | undefined;
  readonly options: OperationOptions;
}

/** When to take the server's authority on first use. */
export type Bootstrap = boolean | 'when-missing';

/** What an operation needs of its connection. */
export interface ConnectionNeeds {
  /** A credential of our own: `required`, or used if there is one and given up if the server refuses it. */
  readonly identity: 'required' | 'optional';
  /** Already loaded; otherwise it is looked for. */
  readonly loaded?: LoadedIdentity | undefined;
  /** Look for the user's certificate before a proxy. */
  readonly endEntityFirst?: boolean;
  readonly bootstrap?: Bootstrap | undefined;
  /** Most bytes of one answer; default 1 MiB. */
  readonly maxMessageBytes?: number;
}

/** Answers with trust roots can be long: a hundred authorities with their revocation lists. */
export const TRUST_ROOTS_MAX_BYTES: number = 64 << 20;

export function startOperation(
  settings: ClientSettings,
  trust: TrustSource,
  options: OperationOptions,
): Operation {
  const signals = [settings.signal, options.signal].filter((signal) => signal !== undefined);
  const listen = options.onNotice ?? settings.onNotice;
  return {
    settings,
    trust,
    options,
    notify: (notice) => listen?.(notice),
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
  };
}

/**
 * Connects as whom we are, and lets `converse` talk. When the certificate was refused and is not needed, everything
 * happens once more without it, as `myproxy-logon` does.
 */
export async function withConnection<Value>(
  operation: Operation,
  needs: ConnectionNeeds,
  converse: (connection: ServerConnection) => Promise<Value>,
): Promise<Value> {
  const identity = needs.loaded ?? (await ownIdentity(operation, needs));
  try {
    return await converseAs(operation, needs, identity, converse);
  } catch (error) {
    const refused = error instanceof LatchkeyError && error.code === 'myproxy/client-refused';
    if (!refused || needs.identity === 'required') throw error;
    operation.notify({
      code: 'anonymous-retry',
      message: `${error.message}; trying again without it`,
      details: error.details,
    });
    return await converseAs(operation, needs, undefined, converse);
  }
}

async function converseAs<Value>(
  operation: Operation,
  needs: ConnectionNeeds,
  identity: LoadedIdentity | undefined,
  converse: (connection: ServerConnection) => Promise<Value>,
): Promise<Value> {
  const connection = await connectTrusting(operation, needs, identity);
  try {
    return await converse(connection);
  } finally {
    connection.close();
  }
}

async function connectTrusting(
  operation: Operation,
  needs: ConnectionNeeds,
  identity: LoadedIdentity | undefined,
): Promise<ServerConnection> {
  const { settings, signal, notify } = operation;
  const connect = async () =>
    await openConnection({
      settings,
      servers: serversOf(settings),
      trust: await operation.trust.current(settings.clock.now()),
      identity,
      maxMessageBytes: needs.maxMessageBytes ?? 1 << 20,
      notify,
      signal,
    });
  try {
    return await connect();
  } catch (error) {
    const unknown = error instanceof LatchkeyError && error.code === 'x509/trust-missing';
    if (!unknown || !(await mayBootstrap(operation, needs.bootstrap))) throw error;
    await bootstrapTrust(operation, error);
    return await connect();
  }
}

async function mayBootstrap({ trust, settings }: Operation, bootstrap: Bootstrap = false): Promise<boolean> {
  if (bootstrap === 'when-missing') return (await trust.current(settings.clock.now())).isEmpty;
  return bootstrap;
}

/** Whom to be: what the call says, what the client says, or what is found in the usual places. */
export async function ownIdentity(
  { options, settings, notify }: Operation,
  needs: Pick<ConnectionNeeds, 'identity' | 'endEntityFirst'>,
): Promise<LoadedIdentity | undefined> {
  const required = needs.identity === 'required';
  const keyPassphrase = options.keyPassphrase ?? settings.keyPassphrase;
  const chosen = options.identity ?? settings.identity;
  if (chosen !== undefined && chosen !== 'anonymous') {
    const identity = await loadIdentity(chosen, keyPassphrase);
    checkNotExpired(identity, settings.clock.now());
    return identity;
  }
  const found =
    chosen === 'anonymous'
      ? undefined
      : await findIdentity({ env: settings.env, endEntityFirst: needs.endEntityFirst ?? false });
  if (found === undefined) {
    if (required) throw noIdentity();
    return undefined;
  }
  try {
    // Nobody is asked for the pass phrase of a key that is not needed.
    const identity = await loadIdentity(found, required ? keyPassphrase : undefined);
    checkNotExpired(identity, settings.clock.now());
    return identity;
  } catch (error) {
    if (required) throw error;
    const message = error instanceof Error ? error.message : String(error);
    notify({
      code: 'identity-skipped',
      message: `${message}; connecting without it`,
      details: { path: found.certFile },
    });
    return undefined;
  }
}

function noIdentity(): LatchkeyError {
  return new LatchkeyError(
    'x509/credential-missing',
    'this needs a certificate of your own, and none was found',
    {
      hint: 'make a proxy (grid-proxy-init), or set X509_USER_PROXY, or X509_USER_CERT and X509_USER_KEY',
    },
  );
}
