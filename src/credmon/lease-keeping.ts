import type { Delivery, Held, Keeper, Lease } from '../keeper/index.ts';
import { type Finding, quote } from '../kit/index.ts';
import type { UserDirectory } from './directory-files.ts';
import { readHeld } from './lease-held.ts';
import { leaseId } from './lease-name.ts';
import { readStem } from './name.ts';
import type { CredmonSource, SourceMaker } from './providers/source-table.ts';
import type { FileStamp, FoundStem, ScanListener } from './scan.ts';
import type { ClientProvider, CredmonSettings, LocalProvider, Provider } from './settings.ts';

/** A request that nobody here serves, and why. */
export interface Unserved {
  readonly user: string;
  readonly stem: string;
  readonly finding: Finding;
}

/** A request without an answer that credd itself waits for, serving nobody meanwhile. */
export interface WaitedFor {
  readonly id: string;
  readonly provider: LocalProvider | ClientProvider;
  /** When it was found, by the monotonic clock. */
  readonly sinceMs: number;
}

/** What {@link LeaseKeeping} works with. */
export interface LeaseKeepingOptions {
  readonly settings: CredmonSettings;
  readonly keeper: Keeper;
  readonly delivery: Delivery;
  readonly sourceFor: SourceMaker;
  /** A lease has ended because its files are gone. */
  readonly onReleased?: (id: string, source: CredmonSource) => void;
  readonly onFailed?: (user: string, error: unknown) => void;
  /** A request without an answer was found. */
  readonly onRequested?: (id: string) => void;
}

interface Kept {
  readonly provider: Provider;
  readonly source: CredmonSource;
  top: FileStamp;
  /** A `.use` was there: when it is not there any more, it is made again. */
  hasUse: boolean;
  /** When we wrote it last, by the monotonic clock. */
  deliveredMs: number;
}

/** So long after a delivery the kernel may still tell us of our own writing. */
const OWN_ECHO_MS = 2_000;

/** A browser's login writes `.use` and then `.top`; the token is as good as the one that a refresh would give. */
const LOGIN_GRAIN_MS = 10_000;

/** Modes whose `.top` is the newest word: whatever is newer than `.use` asks for another token at once. */
const NEWER_TOP_RENEWS: Readonly<Record<Provider['mode'], number>> = {
  local: 0,
  client: 0,
  vault: 0,
  pelican: 0,
  oauth: LOGIN_GRAIN_MS,
};

/** Makes leases of what a scan finds: `.top` is the request, `.use` the answer. Never touches another user's for one user's fault. */
export class LeaseKeeping implements ScanListener {
  #settings: CredmonSettings;
  #sourceFor: SourceMaker;
  readonly #options: LeaseKeepingOptions;
  readonly #users = new Map<string, Map<string, Kept>>();
  readonly #unserved = new Map<string, Map<string, Unserved>>();
  /** Ids without a token, and since when: somebody may be waiting for them. */
  readonly #unanswered = new Map<string, number>();
  readonly #busy = new Map<string, number>();

  constructor(options: LeaseKeepingOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#sourceFor = options.sourceFor;
  }

  *unserved(): Generator<Unserved, void, undefined> {
    for (const ofUser of this.#unserved.values()) yield* ofUser.values();
  }

  /** Requests without an answer whose source is local: while there are any, somebody waits. */
  *unanswered(): Generator<string, void, undefined> {
    for (const id of this.#unanswered.keys()) if (this.#kept(id)?.source.isLocal === true) yield id;
  }

  /** Requests without a token that credd has made on its own account. */
  *waitedFor(): Generator<WaitedFor, void, undefined> {
    for (const [id, sinceMs] of this.#unanswered) {
      const provider = this.#kept(id)?.provider;
      if (provider?.mode === 'local' || provider?.mode === 'client') yield { id, provider, sinceMs };
    }
  }

  sourceOf(id: string): CredmonSource | undefined {
    return this.#kept(id)?.source;
  }

  providerOf(id: string): Provider | undefined {
    return this.#kept(id)?.provider;
  }

  found(directory: UserDirectory, stems: readonly FoundStem[]): void {
    const { user } = directory;
    const kept = this.#users.get(user) ?? new Map<string, Kept>();
    const gone = new Set(kept.keys());
    for (const found of stems) {
      const { stem, top } = found;
      const id = leaseId(user, stem);
      if (top === undefined || this.#busy.has(id)) continue;
      gone.delete(stem);
      try {
        this.#consider(directory, { ...found, top }, kept);
      } catch (error) {
        this.#options.onFailed?.(user, error);
      }
    }
    for (const stem of gone) if (!this.#busy.has(leaseId(user, stem))) this.#release(user, stem, kept);
    if (kept.size === 0) this.#users.delete(user);
    else this.#users.set(user, kept);
    this.#forgetUnserved(user, stems);
  }

  gone(user: string): void {
    const kept = this.#users.get(user);
    this.#users.delete(user);
    for (const stem of kept?.keys() ?? []) this.#release(user, stem, kept);
    this.#forgetUnserved(user, []);
  }

  failed(user: string, error: unknown): void {
    this.#options.onFailed?.(user, error);
  }

  /** The files of one request went while its token was being made. */
  vanished(user: string, stem: string): void {
    const kept = this.#users.get(user);
    if (kept !== undefined) this.#release(user, stem, kept);
  }

  /** A `.use` was written by us. */
  delivered(user: string, stem: string): void {
    const kept = this.#users.get(user)?.get(stem);
    if (kept !== undefined) {
      kept.hasUse = true;
      kept.deliveredMs = performance.now();
    }
    this.#unanswered.delete(leaseId(user, stem));
  }

  /** True when what the kernel tells of a `.use` is most likely our own writing; a pass would find anything else. */
  isOwnEcho(user: string, stem: string): boolean {
    const kept = this.#users.get(user)?.get(stem);
    return kept !== undefined && performance.now() - kept.deliveredMs < OWN_ECHO_MS;
  }

  /** A `.top` was written by us: it is no new request. */
  rotated(user: string, stem: string, top: FileStamp): void {
    const kept = this.#users.get(user)?.get(stem);
    if (kept !== undefined) kept.top = top;
  }

  /** Leaves a request alone while its files are being written one after the other. @returns what ends that */
  setBusy(user: string, stem: string): () => void {
    const id = leaseId(user, stem);
    this.#busy.set(id, (this.#busy.get(id) ?? 0) + 1);
    return () => {
      const left = (this.#busy.get(id) ?? 1) - 1;
      if (left <= 0) this.#busy.delete(id);
      else this.#busy.set(id, left);
    };
  }

  /** New settings: every lease gets its source anew and keeps what it holds. A full look must follow. */
  reload(settings: CredmonSettings, sourceFor: SourceMaker): void {
    this.#settings = settings;
    this.#sourceFor = sourceFor;
    this.#unserved.clear();
    for (const [user, kept] of this.#users) {
      for (const [stem, { top, hasUse, deliveredMs, provider: before }] of kept) {
        const id = leaseId(user, stem);
        const served = this.#serve(user, stem);
        if (served === undefined) {
          this.#release(user, stem, kept);
          continue;
        }
        const source = this.#sourceFor(served.provider, { user, stem, handle: served.handle });
        kept.set(stem, { provider: served.provider, source, top, hasUse, deliveredMs });
        const held = served.provider.mode === before.mode ? this.#heldByKeeper(id) : undefined;
        this.#hold(user, stem, served.provider, source, held);
      }
    }
  }

  #consider(
    directory: UserDirectory,
    found: FoundStem & { readonly top: FileStamp },
    kept: Map<string, Kept>,
  ): void {
    const { user } = directory;
    const { stem, top, use } = found;
    const before = kept.get(stem);
    if (before !== undefined && isSame(before.top, top)) {
      if (before.hasUse && use === undefined) {
        before.hasUse = false;
        this.#hold(user, stem, before.provider, before.source, undefined);
      }
      return;
    }
    const served = this.#serve(user, stem);
    if (served === undefined) {
      this.#release(user, stem, kept);
      return;
    }
    const { provider, handle } = served;
    const source = this.#sourceFor(provider, { user, stem, handle });
    const isNewerTop = use !== undefined && top.mtimeMs > use.mtimeMs + NEWER_TOP_RENEWS[provider.mode];
    const file = use === undefined || isNewerTop ? undefined : directory.read(`${stem}.use`);
    const held = file === undefined ? undefined : readHeld(file);
    kept.set(stem, {
      provider,
      source,
      top,
      hasUse: use !== undefined,
      deliveredMs: Number.NEGATIVE_INFINITY,
    });
    // Found before it is held: a keeper may deliver at once.
    this.#users.set(user, kept);
    this.#hold(user, stem, provider, source, held);
  }

  #hold(user: string, stem: string, provider: Provider, source: CredmonSource, held: Held | undefined): void {
    const lease: Lease = {
      id: leaseId(user, stem),
      owner: user,
      kind: 'token',
      provider: provider.name === '*' ? stem : provider.name,
      ...(source.purpose === undefined ? {} : { purpose: source.purpose }),
    };
    if (held === undefined) {
      if (!this.#unanswered.has(lease.id)) this.#unanswered.set(lease.id, performance.now());
      this.#options.onRequested?.(lease.id);
    }
    this.#options.keeper.hold(lease, source, this.#options.delivery, held);
  }

  #release(user: string, stem: string, kept: Map<string, Kept> | undefined): void {
    const had = kept?.get(stem);
    if (had === undefined) return;
    kept?.delete(stem);
    const id = leaseId(user, stem);
    this.#unanswered.delete(id);
    this.#options.keeper.release(id);
    this.#options.onReleased?.(id, had.source);
  }

  /** The provider of a stem; `undefined` and a finding when there is none. */
  #serve(
    user: string,
    stem: string,
  ): { readonly provider: Provider; readonly handle: string | undefined } | undefined {
    const names = readStem(stem, this.#settings);
    const provider = names === undefined ? undefined : this.#settings.providerOf(names.name);
    const unserved = this.#unserved.get(user) ?? new Map<string, Unserved>();
    if (names !== undefined && provider !== undefined) {
      unserved.delete(stem);
      return { provider, handle: names.handle };
    }
    const message =
      names === undefined
        ? `${quote(stem)} is no name of a provider, or of a provider and a handle`
        : `no provider is configured for ${quote(names.name)}`;
    const code = names === undefined ? 'credmon/name-invalid' : 'credmon/provider-unknown';
    unserved.set(stem, { user, stem, finding: { code, message } });
    this.#unserved.set(user, unserved);
    return undefined;
  }

  #forgetUnserved(user: string, stems: readonly FoundStem[]): void {
    const unserved = this.#unserved.get(user);
    if (unserved === undefined) return;
    const present = new Set(stems.filter(({ top }) => top !== undefined).map(({ stem }) => stem));
    for (const stem of [...unserved.keys()]) if (!present.has(stem)) unserved.delete(stem);
    if (unserved.size === 0) this.#unserved.delete(user);
  }

  #heldByKeeper(id: string): Held | undefined {
    const status = this.#options.keeper.status(id);
    if (status?.issuedAt === undefined) return undefined;
    return { kind: 'token', id: status.credentialId, issuedAt: status.issuedAt, expiresAt: status.expiresAt };
  }

  #kept(id: string): Kept | undefined {
    const slash = id.indexOf('/');
    return this.#users.get(id.slice(0, slash))?.get(id.slice(slash + 1));
  }
}

function isSame(a: FileStamp, b: FileStamp): boolean {
  return a.ino === b.ino && a.mtimeMs === b.mtimeMs && a.size === b.size;
}
