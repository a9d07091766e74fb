import { createHash, createHmac, randomBytes } from 'node:crypto';
import { LatchkeyError, quote, type Secret } from '../kit/index.ts';
import {
  type HostKeyPolicy,
  type openSsh,
  type SshConnection,
  type SshCredential,
  type SshJump,
  sshFingerprint,
} from '../ssh/index.ts';
import type { Choice } from './choose.ts';
import type { Target } from './target.ts';

/** What connections of a session are opened with. */
export interface ConnectionSettings {
  readonly open: typeof openSsh;
  /** Program by scheme; default `ssh` and `gsissh`. */
  readonly programs?: Readonly<Partial<Record<Target['scheme'], string>>> | undefined;
  readonly hostKeys?: HostKeyPolicy | undefined;
  readonly configFile?: string | undefined;
  readonly connectTimeoutMs?: number | undefined;
}

/** What is asked for. */
export interface ConnectRequest extends Target {
  /** For this host, before any context's. */
  readonly password?: Secret | undefined;
  readonly jump?: readonly SshJump[] | undefined;
  /** Instead of the session's, such as for a machine that was started just now. */
  readonly hostKeys?: HostKeyPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The connections of one session: one for each scheme, host, port, user, way and credential. They are never shared with another
 * session, so that nobody rides on a connection whose credential he does not have.
 */
export class Connections {
  readonly #settings: ConnectionSettings;
  readonly #open = new Map<string, Promise<SshConnection>>();
  /** Passwords are told apart by a digest that means nothing elsewhere. */
  readonly #key = randomBytes(32);
  readonly #ended = new AbortController();

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** @throws LatchkeyError `session/no-credential`, what the opening throws; a connection that could not be opened is opened anew next time */
  async get(request: ConnectRequest, choice: Choice): Promise<SshConnection> {
    this.#ended.signal.throwIfAborted();
    const password = request.password ?? choice.password;
    const isConfigured = this.#settings.configFile !== 'none';
    // What the configuration gives is not known here: ssh will tell.
    if (!isConfigured) requireCredential(choice, request);
    const credential = credentialOf(choice, password, isConfigured);
    const key = this.#keyOf(request, choice, password);
    const known = this.#open.get(key);
    if (known !== undefined) {
      const connection = await unlessAborted(known, request.signal);
      if (connection.state !== 'closed') return connection;
      // Somebody closed what was not his.
      if (this.#open.get(key) === known) this.#open.delete(key);
      return await this.get(request, choice);
    }
    const { programs, configFile, connectTimeoutMs } = this.#settings;
    const hostKeys = request.hostKeys ?? this.#settings.hostKeys;
    const opening = this.#settings.open({
      target: { host: request.host, port: request.port, user: choice.user },
      jump: request.jump,
      program: programs?.[request.scheme] ?? request.scheme,
      ...{ credential, hostKeys, configFile, connectTimeoutMs, signal: this.#ended.signal },
    });
    this.#open.set(key, opening);
    opening.catch(() => this.#open.delete(key));
    return await unlessAborted(opening, request.signal);
  }

  /** Closes them all; no new ones are opened. */
  async close(): Promise<void> {
    this.#ended.abort(new LatchkeyError('session/closed', 'the session is closed'));
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(all.map(async (opening) => await (await opening).close()));
  }

  #keyOf(
    { scheme, host, port, jump, hostKeys }: ConnectRequest,
    choice: Choice,
    password: Secret | undefined,
  ): string {
    const way = (jump ?? []).map((hop) => [hop.user, hop.host, hop.port, Object.keys(hop.credential ?? {})]);
    const credential = [
      choice.keys.map((key) => [key.path, sshFingerprint(key.publicKey), key.certificatePath]),
      [choice.agentSocket, choice.environment, choice.isExplicit],
      password === undefined ? '' : createHmac('sha256', this.#key).update(password.reveal()).digest('hex'),
    ];
    const text = JSON.stringify([
      scheme,
      host.toLowerCase(),
      port,
      choice.user,
      jump && way,
      hostKeys,
      credential,
    ]);
    return createHash('sha256').update(text).digest('hex');
  }
}

/**
 * Nothing is offered but what the contexts give. Where the user's configuration is read, it decides on the agent, and the agent's
 * other keys are offered too unless a context was added for this host.
 */
function credentialOf(choice: Choice, password: Secret | undefined, isConfigured: boolean): SshCredential {
  const { keys, agentSocket, environment } = choice;
  const passPhrases = keys.flatMap(({ path, passPhrase }) =>
    passPhrase === undefined ? [] : [[path, passPhrase] as const],
  );
  return {
    identityFiles: keys.map(({ path }) => path),
    certificateFiles: keys.flatMap(({ certificatePath }) => certificatePath ?? []),
    agentSocket: agentSocket ?? (isConfigured ? undefined : 'none'),
    password,
    passPhrases: new Map(passPhrases),
    environment,
    isExclusive: choice.isExplicit || !isConfigured,
  };
}

/** @throws LatchkeyError `session/no-credential` when the contexts give nothing to be let in with */
function requireCredential(choice: Choice, request: ConnectRequest): void {
  const isGiven = request.password !== undefined || choice.keys.length > 0 || choice.password !== undefined;
  if (isGiven || choice.agentSocket !== undefined || choice.environment !== undefined) return;
  const why = choice.skipped.map(({ context, why }) => `${context}: ${why}`);
  throw new LatchkeyError(
    'session/no-credential',
    `no context of the session lets anybody into ${quote(request.host)}`,
    {
      hint: why.length === 0 ? 'the session has no contexts: add one' : why.join('; '),
      details: { skipped: choice.skipped },
    },
  );
}

/** Whoever gives up waits no longer; the connection is for others too, and goes on being opened. */
async function unlessAborted<Value>(
  opening: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return await opening;
  signal.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const done = () => signal.removeEventListener('abort', onAbort);
    opening
      .then(resolve, reject)
      .finally(done)
      .catch(() => {});
  });
}
