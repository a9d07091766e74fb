import { type Clock, isLatchkeyError, LatchkeyError, systemClock } from '../../kit/index.ts';
import type { Forward, ForwardEnd, ForwardSpec, SshConnection } from '../../ssh/index.ts';
import { type Link, type LinkParts, shareOf, Way } from './link.ts';
import { HERE, type Place, placeKey } from './place.ts';
import { QuickAnswers } from './quick-answers.ts';
import { type LinkMode, type Route, routeBetween } from './route.ts';
import { type SocketDirectory, socketDirectoryHere, socketDirectoryThere } from './socket-directory.ts';

export interface LinksOptions {
  /** Default `ssh`. */
  readonly mode?: LinkMode | undefined;
  /** The connection to a machine, always the same one: such as `(machine) => session.connect(parseTarget(machine))`. It is not closed here. */
  readonly connect: (machine: string) => Promise<SshConnection>;
  readonly clock?: Clock | undefined;
}

export interface OpenOptions {
  /** The machine from which connections come; default: this one. */
  readonly observer?: string | undefined;
  /** False: make no connection to find out whether it leads there. */
  readonly prove?: boolean | undefined;
}

interface Entry {
  readonly key: string;
  readonly making: Promise<{ readonly way: Way; takeDown(): Promise<void> }>;
  holders: number;
}

const NO_SOCKETS = new Set<unknown>(['forbidden', 'refused']);

/**
 * The ways between machines that see each other only from here: one for each observer and place, however many asked for it, taken down
 * with the last of them. Listeners are Unix sockets in directories that only their owner can enter, here and there; where a server
 * forbids those, a port of its loopback that the server itself chose, and the link says that it is shared.
 */
export class Links {
  readonly mode: LinkMode;
  readonly #options: LinksOptions;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #ways = new Set<Way>();
  readonly #directories = new Map<string, Promise<SocketDirectory>>();
  readonly #listeners = new Set<() => void>();
  readonly #quick = new QuickAnswers();
  #count = 0;
  #closing: Promise<void> | undefined;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.mode = options.mode ?? 'ssh';
    this.#clock = options.clock ?? systemClock;
  }

  /** The ways that stand. */
  get list(): readonly (LinkParts & Pick<Link, 'state' | 'cause' | 'since' | 'provenAt'>)[] {
    return [...this.#ways].map((way) => ({
      ...way.parts,
      ...{ state: way.state, cause: way.cause, since: way.since, provenAt: way.provenAt },
    }));
  }

  /** Calls back at each change of the list or of a state in it; returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The way to a place. When it resolves, it listens, and its state says whether connections arrive.
   *
   * @throws LatchkeyError `remote/link` where there is no way; what connecting and `SshConnection.forward` throw
   */
  async open(place: Place, { observer = HERE, prove = true }: OpenOptions = {}): Promise<Link> {
    if (this.#closing !== undefined) throw new LatchkeyError('remote/link', 'the links are closed');
    const key = `${observer} > ${placeKey(place)}`;
    const entry = this.#entries.get(key) ?? this.#make(key, observer, place, prove);
    entry.holders += 1;
    try {
      const { way } = await entry.making;
      return shareOf(way, () => this.#giveBack(entry));
    } catch (error) {
      await this.#giveBack(entry);
      throw error;
    }
  }

  /** Takes everything down, whoever holds it, and removes the directories. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #make(key: string, observer: string, place: Place, prove: boolean): Entry {
    const route = routeBetween(observer, place, this.mode);
    const making = this.#build(route, observer, place, prove);
    const entry = { key, making, holders: 0 };
    // One that fails is not kept: whoever asks next has it tried anew.
    making.catch(() => this.#entries.get(key) === entry && this.#entries.delete(key));
    this.#entries.set(key, entry);
    return entry;
  }

  async #build(route: Route, observer: string, place: Place, prove: boolean) {
    this.#count += 1;
    const parts = { id: this.#count, observer, place, route };
    if (route.kind === 'same')
      return this.#stands({ ...parts, end: place.end, forwards: [], isShared: false });
    if (route.kind === 'direct') {
      return this.#stands({ ...parts, end: directEnd(place), forwards: [], isShared: true });
    }
    if (route.kind === 'forward') {
      const socketPath = (await this.#directory(HERE)).next();
      const connection = await this.#options.connect(route.to);
      this.#quick.of(connection);
      const spec: ForwardSpec = { kind: 'local', listen: { socketPath }, connect: place.end };
      const forward = await connection.forward(spec, { prove });
      return this.#stands({ ...parts, end: { socketPath }, forwards: [forward], isShared: false }, [forward]);
    }
    // The first half of a relay is the link from here, shared with everybody who uses that.
    const half = route.kind === 'relay' ? await this.open(place, { prove }) : undefined;
    try {
      const { forward, isShared } = await this.#listenAt(route.at, half?.end ?? place.end, prove);
      const forwards = [forward, ...(half?.forwards ?? [])];
      return this.#stands({ ...parts, end: forward.spec.listen, forwards, isShared }, [forward, half]);
    } catch (error) {
      await half?.close();
      throw error;
    }
  }

  /** A listener on another machine whose connections come here. */
  async #listenAt(
    machine: string,
    connect: ForwardEnd,
    prove: boolean,
  ): Promise<{ readonly forward: Forward; readonly isShared: boolean }> {
    const connection = await this.#options.connect(machine);
    try {
      const socketPath = (await this.#directory(machine)).next();
      const forward = await connection.forward(
        { kind: 'remote', listen: { socketPath }, connect },
        { prove },
      );
      return { forward, isShared: false };
    } catch (error) {
      // A server that forbids sockets says no more than that it will not listen.
      if (!isLatchkeyError(error, 'ssh/forward') || !NO_SOCKETS.has(error.details?.reason)) throw error;
      const listen = { host: '127.0.0.1', port: 0 };
      return {
        forward: await connection.forward({ kind: 'remote', listen, connect }, { prove }),
        isShared: true,
      };
    }
  }

  #stands(parts: LinkParts, closable: readonly ({ close(): Promise<void> } | undefined)[] = []) {
    const way = new Way(parts, () => this.#clock.now());
    this.#ways.add(way);
    way.subscribe(() => this.#tell());
    this.#tell();
    const takeDown = async () => {
      this.#ways.delete(way);
      way.end();
      this.#tell();
      // The listener farthest from the place first: nobody comes in any more while the rest is taken down.
      const failed: unknown[] = [];
      for (const part of closable) await part?.close().catch((error: unknown) => failed.push(error));
      if (failed.length > 0) throw failed[0];
    };
    return { way, takeDown };
  }

  async #giveBack(entry: Entry): Promise<void> {
    entry.holders -= 1;
    if (entry.holders > 0) return;
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
    const made = await entry.making.catch(() => undefined);
    await made?.takeDown();
  }

  #directory(machine: string): Promise<SocketDirectory> {
    const known = this.#directories.get(machine);
    if (known !== undefined) return known;
    const made =
      machine === HERE ? socketDirectoryHere() : this.#options.connect(machine).then(socketDirectoryThere);
    this.#directories.set(machine, made);
    made.catch(() => this.#directories.delete(machine));
    return made;
  }

  async #close(): Promise<void> {
    this.#quick.close();
    // Relays hold a share of the link from here: they go first.
    const entries = [...this.#entries.values()].reverse();
    this.#entries.clear();
    for (const { making } of entries) {
      const made = await making.catch(() => undefined);
      await made?.takeDown().catch(() => {});
    }
    const directories = await Promise.allSettled(this.#directories.values());
    for (const made of directories) {
      if (made.status === 'fulfilled') await made.value.remove().catch(() => {});
    }
    this.#listeners.clear();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function directEnd({ machine, end }: Place): ForwardEnd {
  if ('socketPath' in end) {
    throw new LatchkeyError(
      'remote/link',
      `${machine} listens on a Unix socket, which other machines cannot reach`,
      {
        hint: 'have it listen on a port of its network address, or use the mode ssh',
      },
    );
  }
  const host = end.host ?? '127.0.0.1';
  if (/^(127\.|::1$|localhost$)/.test(host)) {
    throw new LatchkeyError(
      'remote/link',
      `${machine} listens on ${host}, which other machines cannot reach`,
      {
        hint: 'have it listen on its address in the network (VPN), or use the mode ssh',
      },
    );
  }
  return /^(0\.0\.0\.0|::|\*)$/.test(host)
    ? { host: machine.replace(/^.*@|:\d+$/g, ''), port: end.port }
    : { host, port: end.port };
}
