import { type Clock, type Secret, systemClock } from '../../kit/index.ts';
import { formatLocation, ObjectServer, type PyroLocation } from '../../pyro/index.ts';
import { NAME_SERVER_NAME } from './entry.ts';
import { nameServerObject } from './name-server-object.ts';
import { RegistryStore } from './registry-store.ts';
import { RegistryTable } from './registry-table.ts';

export interface RegistryServerOptions {
  /** Where to listen. */
  readonly address: PyroLocation;
  /** What clients are told, where they see another address. */
  readonly published?: PyroLocation;
  /** Where entries are kept over a restart; absent: in memory only. */
  readonly stateFile?: string;
  /** Pyro4's HMAC key: only clients that have it are talked to. */
  readonly hmacKey?: Secret;
  readonly clock?: Clock;
}

/** Its messages are short, and anybody may send them where there is no key. */
const MAX_REQUEST_BYTES = 4 << 20;

const MAX_UNTAKEN_BYTES = 128 << 20;

/** A registry of names: a Pyro name server for clients of both versions, and more for ours. */
export class RegistryServer {
  readonly #server: ObjectServer;
  readonly #table: RegistryTable;
  readonly #store: RegistryStore | undefined;

  /** @throws LatchkeyError `pyro/address`; `config/malformed`, `file/io` for the state file */
  static async listen(options: RegistryServerOptions): Promise<RegistryServer> {
    const { clock = systemClock, stateFile } = options;
    const kept = stateFile === undefined ? [] : await RegistryStore.load(stateFile);
    const server = await ObjectServer.listen({
      address: options.address,
      ...{ maxRequestBytes: MAX_REQUEST_BYTES, maxUntakenBytes: MAX_UNTAKEN_BYTES },
      ...(options.published === undefined ? {} : { published: options.published }),
      ...(options.hmacKey === undefined ? {} : { hmacKey: options.hmacKey }),
    });
    const table = new RegistryTable({
      uri: `PYRO:${NAME_SERVER_NAME}@${formatLocation(server.location)}`,
      tags: ['class:Pyro4.naming.NameServer', 'class:Pyro5.nameserver.NameServer'],
    });
    const now = () => clock.now().getTime();
    table.restore(kept, now());
    const store = stateFile === undefined ? undefined : new RegistryStore(stateFile, () => table.entries);
    const changed = async () => store?.save();
    server.publish(nameServerObject({ table, now, changed }), NAME_SERVER_NAME);
    return new RegistryServer(server, table, store);
  }

  private constructor(server: ObjectServer, table: RegistryTable, store: RegistryStore | undefined) {
    this.#server = server;
    this.#table = table;
    this.#store = store;
  }

  /** Where it listens, with the port that was chosen. */
  get address(): PyroLocation {
    return this.#server.address;
  }

  /** Names that are registered, without its own. */
  get size(): number {
    return this.#table.entries.length;
  }

  async close(): Promise<void> {
    await this.#server.close(1000);
    await this.#store?.save();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
