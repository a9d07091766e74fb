import { rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import type { Ec2Access } from '../ec2/index.ts';
import { createKeeper, type Keeper, type Source } from '../keeper/index.ts';
import { isLatchkeyError, LatchkeyError, makePrivateDirectory, systemClock } from '../kit/index.ts';
import { formatSshPublicKey, openSsh, type SshConnection } from '../ssh/index.ts';
import { type Choice, choose, type Reason, rivalsOf } from './choose.ts';
import { Connections, type ConnectRequest } from './connections.ts';
import type { Context } from './context.ts';
import { ContextList } from './context-list.ts';
import { ContextStore } from './context-store.ts';
import type { SkippedDefault } from './default-contexts.ts';
import type { CurrentCredential, Entry } from './entry.ts';
import { KeyPairs } from './key-pairs.ts';
import type { SessionOptions } from './session-options.ts';
import type { Surroundings } from './surroundings.ts';
import { parseTarget, type Target } from './target.ts';

/** Why a credential is used for a host. */
export interface Explanation extends Pick<Choice, 'user' | 'userFrom' | 'used' | 'conflict'> {
  readonly target: Target;
  readonly skipped: readonly Reason[];
  /** Places of the user's own contexts that gave nothing. */
  readonly skippedDefaults: readonly SkippedDefault[];
}

/** One context as people are told it; no secrets. */
export interface ContextReport {
  /** `SSH 1`, `default agent` */
  readonly name: string;
  readonly type: Context['type'];
  readonly summary: string;
  readonly hosts: readonly string[] | undefined;
  readonly schemes: readonly string[] | undefined;
  readonly isDefault: boolean;
  readonly expiresAt: Date | undefined;
  readonly isRenewable: boolean;
  readonly warnings: readonly string[];
}

/** A key pair that EC2 knows. */
export interface SessionKeyPair {
  readonly name: string;
  /** OpenSSH line, without a comment; absent: the key is not here. */
  readonly publicKey: string | undefined;
  /** Login name on the machines. */
  readonly user: string | undefined;
}

interface Interruptible {
  readonly signal?: AbortSignal | undefined;
}

let names = 0;

/**
 * Holds security contexts, decides which of them goes to which host, and opens the connections. What it has made (proxies in a private
 * directory, connections) is its own and goes when it is closed; no other session can use it.
 */
export class Session {
  readonly contexts: ContextList;
  readonly #options: SessionOptions;
  readonly #where: Surroundings;
  readonly #store: ContextStore;
  readonly #connections: Connections;
  readonly #keyPairs: KeyPairs;
  #keeper: Keeper | undefined;
  #directory: Promise<string> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Nothing is looked at yet: the user's own contexts are searched for by {@link ready}, or by the first use.
   *
   * @param options `true` (the default): with the user's own contexts; `false`: empty, and ssh reads no configuration of the user's
   */
  constructor(options: boolean | SessionOptions = true) {
    this.#options = typeof options === 'boolean' ? { defaults: options } : options;
    const { defaults = true, env = process.env, clock = systemClock, configFile } = this.#options;
    this.#where = {
      ...{ env, clock },
      home: this.#options.home ?? env.HOME ?? homedir(),
      uid: this.#options.uid ?? process.geteuid?.() ?? 0,
      permissions: this.#options.permissions ?? 'refuse',
      leastSecondsLeft: this.#options.leastSecondsLeft ?? 60,
      myProxy: this.#options.myProxy ?? {},
      keeper: () => this.keeper,
      directory: () => this.#privateDirectory(),
      nextName: () => {
        names += 1;
        return String(names);
      },
    };
    this.#connections = new Connections({
      open: openSsh,
      programs: this.#options.programs,
      hostKeys: this.#options.hostKeys,
      configFile: configFile ?? (defaults ? undefined : 'none'),
      connectTimeoutMs: this.#options.connectTimeoutMs,
    });
    this.#keyPairs = new KeyPairs({ ...this.#options.ec2, clock });
    this.#store = new ContextStore({
      ...{ hasDefaults: defaults, where: this.#where },
      onChecked: async (entry, all, signal) => await this.#keyPairs.join(entry, all, signal),
    });
    this.contexts = new ContextList(this.#store);
  }

  /** Renews the session's MyProxy proxies; its events tell of it. */
  get keeper(): Keeper {
    this.#store.checkOpen();
    this.#keeper ??= this.#options.keeper ?? createKeeper({ clock: this.#where.clock });
    return this.#keeper;
  }

  /**
   * Waits until everything that was added is checked and the user's own contexts are found; every use does so by itself.
   *
   * @throws LatchkeyError what was wrong with a context that was appended; `session/context-unusable` for an EC2_KEYPAIR where there is
   * no EC2 context
   */
  async ready(): Promise<this> {
    await this.#store.settled();
    this.#keyPairs.requireAll(this.#store.entries());
    return this;
  }

  /**
   * Adds a context after those that were added before. It is copied: what is changed on the caller's object later has no effect. It is
   * really checked: files parse, pass phrases open, servers answer.
   *
   * @returns the session's own copy
   * @throws LatchkeyError what is wrong with it; it is not in the list then
   */
  async addContext(context: Context, { signal }: Interruptible = {}): Promise<Context> {
    return await this.#store.add(context, undefined, signal);
  }

  /** Takes a context away (the caller's object or the session's copy). @returns false when it is not there */
  async removeContext(context: Context): Promise<boolean> {
    return await this.#store.remove(context);
  }

  /** Every context with what is known of it. */
  async list(): Promise<readonly ContextReport[]> {
    await this.#store.settled();
    const entries = this.#store.entries();
    return entries.map((entry) => reportOf(entry, rivalsOf(entry, entries)));
  }

  /**
   * Why which credential would be used for a host, and why others would not. Nothing is connected.
   *
   * @param place `host`, `ssh://user@host:port`, or its parts
   * @throws LatchkeyError `jobs/url` for a text that names no host
   */
  async explain(place: string | Target): Promise<Explanation> {
    const target = typeof place === 'string' ? parseTarget(place) : place;
    await this.#store.settled();
    const { user, userFrom, used, skipped, conflict } = choose(this.#store.entries(), target);
    return { target, user, userFrom, used, skipped, conflict, skippedDefaults: this.#store.skippedDefaults };
  }

  /**
   * A connection to a host with what its contexts give. The same request gives the same connection: it is the session's, and is
   * closed with it.
   *
   * @throws LatchkeyError `session/conflict`, `session/no-credential`, `session/closed`, and what opening it throws
   */
  async connect(request: ConnectRequest): Promise<SshConnection> {
    await this.#store.settled();
    const choice = choose(this.#store.entries(), request);
    if (choice.conflict !== undefined) throw choice.conflict;
    return await this.#connections.get(request, choice);
  }

  /**
   * A source of the proxy or token of a context as it is at that moment, for a delivery to where work reads it.
   *
   * @throws LatchkeyError `session/context-unusable` for a context without one
   */
  source(context: Context): Source {
    const { name } = this.#store.entryOf(context);
    const current = currentOf(this.#store.entryOf(context));
    if (current === undefined) {
      throw new LatchkeyError(
        'session/context-unusable',
        `the context ${name} has neither a proxy nor a token`,
      );
    }
    return {
      ...{ authority: `session:${name}`, isLocal: !current.isRenewable },
      obtain: async (_lease, signal) => {
        this.#store.checkOpen();
        return await current.read(signal);
      },
    };
  }

  /** When the proxy or token of a context ends; `undefined` = it has none, or nobody knows. */
  expiresAt(context: Context): Date | undefined {
    return currentOf(this.#store.entryOf(context))?.expiresAt();
  }

  /** True when the session gets a new one by itself. */
  isRenewable(context: Context): boolean {
    return currentOf(this.#store.entryOf(context))?.isRenewable ?? false;
  }

  /** The account of the first EC2 context. @throws LatchkeyError `session/no-credential` */
  async ec2Access(): Promise<Ec2Access> {
    await this.#store.settled();
    for (const { material } of this.#store.entries()) if (material.type === 'ec2') return material.access;
    throw new LatchkeyError('session/no-credential', 'the session has no EC2 context', {
      hint: "add one: new Context('EC2', { user_id, user_key })",
    });
  }

  /**
   * The first EC2_KEYPAIR context: what machines are started with, and the login name on them.
   *
   * @returns `undefined` when there is none
   * @throws LatchkeyError as {@link ready}
   */
  async keyPair(): Promise<SessionKeyPair | undefined> {
    await this.ready();
    for (const { material } of this.#store.entries()) {
      if (material.type !== 'key-pair') continue;
      const { name, user, key } = material;
      const publicKey = key && formatSshPublicKey({ ...key.publicKey, comment: '' });
      return { name, publicKey, user };
    }
    return undefined;
  }

  /** Closes connections, stops renewals, removes what was made and forgets secrets. Nothing can be done with the session then. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const closing = this.#store.close();
    await Promise.allSettled([closing, this.#connections.close()]);
    if (this.#options.keeper === undefined) await this.#keeper?.close();
    const directory = await this.#directory?.catch(() => undefined);
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }

  #privateDirectory(): Promise<string> {
    this.#directory ??= makeDirectory(this.#options.directory, this.#where.env.XDG_RUNTIME_DIR);
    return this.#directory;
  }
}

/** 0700, with a name that nobody can guess. */
async function makeDirectory(chosen: string | undefined, runtime: string | undefined): Promise<string> {
  const isThere = runtime ? (await stat(runtime).catch(() => undefined))?.isDirectory() : false;
  const parent = chosen ?? (isThere && runtime ? runtime : tmpdir());
  try {
    return await makePrivateDirectory(parent, 'latchkey-session-');
  } catch (cause) {
    if (isLatchkeyError(cause, 'file/unsafe')) throw cause;
    throw new LatchkeyError('file/io', `cannot make a private directory in "${parent}"`, { cause });
  }
}

function currentOf({ material }: Entry): CurrentCredential | undefined {
  return 'current' in material ? material.current : undefined;
}

function reportOf(entry: Entry, rivals: readonly string[]): ContextReport {
  const current = currentOf(entry);
  const { name, kind, summary, scope, isDefault, warnings = [] } = entry;
  return {
    ...{ name, type: kind, summary, isDefault, hosts: scope.hosts, schemes: scope.schemes },
    warnings: [
      ...warnings,
      ...rivals.map((rival) => `${rival} wants another login name for the same hosts: name the user`),
    ],
    expiresAt: current?.expiresAt(),
    isRenewable: current?.isRenewable ?? false,
  };
}
