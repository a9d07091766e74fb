import { type Clock, isLatchkeyError, type Secret, systemClock } from '../../kit/index.ts';
import type { RegistryEntry } from './entry.ts';
import type { RegistryClient } from './registry-client.ts';

export interface RegistrationOptions {
  /** Connects to the registry; called again whenever the connection is lost. The signal ends the attempt, and the connection at the end. */
  readonly connect: (signal: AbortSignal) => Promise<RegistryClient>;
  readonly entry: RegistryEntry;
  /** Needed for the name to be ours again after the registry has lost a connection. */
  readonly owner?: Secret;
  /** A registry that cannot be reached at first is no error: it is tried again. Default false. */
  readonly mayBeAway?: boolean;
  /** Told of every failed heartbeat, and with undefined when all is well again. */
  readonly onTrouble?: (error: unknown) => void;
  readonly clock?: Clock;
}

/** Pause between heartbeats of an entry without a lease: how soon a registry that forgot it has it again. */
const DEFAULT_PAUSE_MS = 20_000;
const LONGEST_PAUSE_MS = 20_000;

/**
 * A name that stays registered: heartbeats at a third of the lease, and a new registration when the registry was restarted, or has dropped
 * it. Ends with {@link Registration.close}, which removes the name.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #clock: Clock;
  readonly #end = new AbortController();
  readonly #connections: AbortController;
  readonly #running: Promise<void>;
  #client: RegistryClient | undefined;
  #trouble: unknown;
  #isAway: boolean;

  /** Registers; after that the name is kept. @throws LatchkeyError `remote/name-taken`, …, and what `connect` throws */
  static async begin(options: RegistrationOptions): Promise<Registration> {
    const connections = new AbortController();
    let client: RegistryClient | undefined;
    try {
      client = await options.connect(connections.signal);
      await client.register(options.entry, options.owner);
    } catch (error) {
      await client?.close();
      client = undefined;
      const isAnswer = isLatchkeyError(error) && error.code.startsWith('remote/');
      if (options.mayBeAway !== true || isAnswer) throw error;
      options.onTrouble?.(error);
    }
    return new Registration(options, client, connections);
  }

  private constructor(
    options: RegistrationOptions,
    client: RegistryClient | undefined,
    connections: AbortController,
  ) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#client = client;
    this.#isAway = client === undefined;
    this.#connections = connections;
    this.#running = this.#keep();
  }

  /** Why the last heartbeat failed; undefined when it did not. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /** Stops the heartbeats and removes the name, if the registry can be reached. */
  async close(): Promise<void> {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    if (this.#client === undefined) this.#connections.abort();
    await this.#running;
    const client = this.#client;
    this.#client = undefined;
    // Where this fails, the lease ends by itself.
    await client?.remove(this.#options.entry.name, this.#options.owner).catch(() => {});
    await client?.close();
    this.#connections.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #keep(): Promise<void> {
    const { leaseSeconds } = this.#options.entry;
    const pause = Math.min(
      leaseSeconds === undefined ? DEFAULT_PAUSE_MS : leaseSeconds * 333,
      LONGEST_PAUSE_MS,
    );
    const { signal } = this.#end;
    while (!signal.aborted) {
      await this.#clock.sleep(pause, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#beat();
        this.#tell(undefined);
      } catch (error) {
        this.#tell(error);
      }
    }
  }

  async #beat(): Promise<void> {
    const { entry, owner, connect } = this.#options;
    if (this.#client === undefined) {
      this.#client = await connect(this.#connections.signal);
      await this.#onClient((client) => client.register(entry, owner));
      return;
    }
    try {
      await this.#onClient((client) => client.renew(entry.name, owner));
    } catch (error) {
      if (!isLatchkeyError(error, 'remote/name-unknown')) throw error;
      await this.#onClient((client) => client.register(entry, owner));
    }
  }

  /** A client whose connection fails is not used again. */
  async #onClient(act: (client: RegistryClient) => Promise<void>): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    try {
      await act(client);
    } catch (error) {
      if (!isLatchkeyError(error) || !error.code.startsWith('remote/')) {
        this.#client = undefined;
        await client.close().catch(() => {});
      }
      throw error;
    }
  }

  #tell(error: unknown): void {
    const isNews = error !== undefined || this.#isAway;
    this.#isAway = error !== undefined;
    this.#trouble = error;
    if (isNews) this.#options.onTrouble?.(error);
  }
}
