import { setTimeout as delay } from 'node:timers/promises';
import {
  type CredentialDirectory,
  type CredmonSettings,
  type CredmonSource,
  clearComplete,
  createLoginStore,
  createProviderSources,
  createUseDelivery,
  DirectoryScan,
  isReallyGone,
  LeaseKeeping,
  type LoginStore,
  markComplete,
  type PassFacts,
  type RescuedTokens,
  readLeaseId,
  type SourceMaker,
  secretMemory,
  startPasses,
  sweepLeftovers,
  unbrokenWork,
  watchDirectory,
  withoutSealingKey,
} from '../../credmon/index.ts';
import { createKeeper, type Keeper, type KeeperJournal } from '../../keeper/index.ts';
import { isLatchkeyError, type SealingKeys, sealText } from '../../kit/index.ts';
import { renewalLine } from './renewal-lines.ts';
import type { CredmonLogLevel, RunningCredmon, ScanFacts } from './running-credmon.ts';
import { type StandIns, startStandIns } from './stand-ins.ts';
import { createTroubles, type Troubles } from './troubles.ts';
import { createUnanswered, type Unanswered } from './unanswered.ts';

/** What a monitor is composed with; the process gives it, tests too. */
export interface CredmonSurroundings {
  /** Checked and ours; see `openCredentialDirectory`. */
  readonly directory: CredentialDirectory;
  log(level: CredmonLogLevel, line: string): void;
  readonly journal?: KeeperJournal | undefined;
  /** Seals refresh tokens, and opens those that are sealed. Absent = they are written as they are. */
  readonly sealing?: SealingKeys | undefined;
  /** Where refresh tokens go that the credential directory cannot take. */
  readonly rescued?: RescuedTokens | undefined;
  /** Told after each full pass. */
  readonly onPass?: ((facts: ScanFacts) => void) | undefined;
  /** A request without an answer was found; `at` is when it was signalled, else now. */
  readonly onRequested?: ((leaseId: string, at: Date) => void) | undefined;
  /** A server was told that a login has ended. */
  readonly onRevoked?: ((leaseId: string) => void) | undefined;
  /** The credential directory cannot be served any more. */
  readonly onLost?: ((error: unknown) => void) | undefined;
}

const LEFTOVERS_MS = 600_000;
/** Files that go and come again are no reason to end a user’s consent. */
const REVOKE_AFTER_MS = 30_000;

/**
 * Starts a monitor: looks at the directory at once, answers what waits there, and keeps everything renewed until it is
 * closed. Nothing here handles signals, files of the process, or listeners.
 */
export function startCredmon(settings: CredmonSettings, around: CredmonSurroundings): RunningCredmon {
  return new Credmon(settings, around);
}

class Credmon implements RunningCredmon {
  settings: CredmonSettings;
  readonly keeper: Keeper;
  readonly directory: CredentialDirectory;
  readonly logins: LoginStore;
  readonly startedAt: Date = new Date();
  lastScan: ScanFacts | undefined;
  readonly #around: CredmonSurroundings;
  readonly #keeping: LeaseKeeping;
  readonly #scan: DirectoryScan;
  readonly #passes: ReturnType<typeof startPasses>;
  readonly #watch: ReturnType<typeof watchDirectory>;
  readonly #standIns: StandIns;
  readonly #troubles: Troubles;
  readonly #unanswered: Unanswered;
  readonly #rotations = unbrokenWork();
  readonly #remember = secretMemory();
  readonly #ending = new AbortController();
  /** Set while a signal is being followed. */
  #wokenAt: Date | undefined;
  #leftoversAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(settings: CredmonSettings, around: CredmonSurroundings) {
    const { directory, journal } = around;
    this.settings = settings;
    this.directory = directory;
    this.#around = around;
    this.#troubles = createTroubles((level, line) => this.log(level, line));
    clearComplete(directory);
    this.keeper = createKeeper({
      maxParallelRequests: settings.maxParallelRequests,
      requestTimeoutSeconds: settings.requestTimeoutSeconds + 5,
      policy: { marginSeconds: settings.sandboxRefreshSeconds + settings.scanSeconds },
      ...(journal === undefined ? {} : { journal }),
      onListenerError: (error) => this.log('error', `unexpected: ${describe(error)}`),
    });
    this.keeper.subscribe((event) => {
      const id = event.type === 'breaker' ? undefined : event.lease.id;
      const line = renewalLine(event, id === undefined ? undefined : this.#keeping.providerOf(id)?.mode);
      this.log(line.level, line.text);
    });
    this.#standIns = startStandIns({
      directory,
      keeper: this.keeper,
      waitedFor: () => this.#keeping.waitedFor(),
      onPut: (id, provider, reason) =>
        this.log(
          'error',
          `${id} has an empty token for now, or credd would serve nobody while it waits for one: ${reason}; latchkey credmon config tells what is wrong with ${provider}`,
        ),
      onError: (id, error) => this.#troubles.ofUser(id, describe(error)),
    });
    const delivery = createUseDelivery(directory, {
      delivered: (user, stem, change) => {
        this.#keeping.delivered(user, stem);
        if (this.#watch.has(user)) this.#scan.changedByUs(user, change);
      },
      vanished: (user, stem) => this.#keeping.vanished(user, stem),
    });
    this.#keeping = new LeaseKeeping({
      settings,
      keeper: this.keeper,
      delivery,
      sourceFor: this.#sourcesOf(settings),
      onReleased: (id, source) => void this.#tellServer(id, source),
      onRequested: (id) => {
        this.#standIns.expect();
        this.#around.onRequested?.(id, this.#wokenAt ?? new Date());
      },
      onFailed: (user, error) => this.#troubles.ofUser(user, describe(error)),
    });
    this.#unanswered = createUnanswered(this.keeper, () => this.#keeping.unanswered());
    this.#watch = watchDirectory(directory, {
      changed: (user, name) => this.#changed(user, name),
      exhausted: (users, error) =>
        this.log(
          'warn',
          `only ${users} directories can be watched (${error.message}); the others are looked at in each pass`,
        ),
    });
    this.#scan = new DirectoryScan(directory, {
      opened: (opened) => this.#watch.add(opened),
      found: (opened, stems) => this.#keeping.found(opened, stems),
      gone: (user) => {
        this.#watch.remove(user);
        this.#keeping.gone(user);
      },
      failed: (user, error) => this.#keeping.failed(user, error),
    });
    this.#passes = startPasses({
      scan: this.#scan,
      everySeconds: settings.scanSeconds,
      onPass: (facts) => this.#passed(facts),
      onError: (error) => this.#lost(error),
    });
    const { sealing } = around;
    this.logins = createLoginStore(directory, {
      seal: settings.sealRefreshTokens
        ? (token, user, stem) => {
            if (sealing === undefined) throw withoutSealingKey();
            return sealText(sealing, token, [user, stem]);
          }
        : undefined,
      begin: (user, stem) => this.#begin(user, stem),
    });
  }

  unserved(): ReturnType<RunningCredmon['unserved']> {
    return this.#keeping.unserved();
  }

  async wake(): Promise<void> {
    this.#unanswered.tryAgain();
    this.#wokenAt ??= new Date();
    try {
      await this.#passes.wake();
    } finally {
      this.#wokenAt = undefined;
    }
  }

  async reload(settings: CredmonSettings): Promise<void> {
    this.settings = settings;
    this.#keeping.reload(settings, this.#sourcesOf(settings));
    await this.#passes.lookAtAll();
  }

  async revoke(leaseId: string): Promise<boolean> {
    const { user, stem } = readLeaseId(leaseId);
    const source = this.#keeping.sourceOf(leaseId);
    this.keeper.release(leaseId);
    try {
      const timeout = AbortSignal.timeout(this.settings.requestTimeoutSeconds * 1000);
      if ((await source?.revoke?.(timeout)) === true) this.#around.onRevoked?.(leaseId);
    } catch (error) {
      // The files go all the same: what the user wants is that nothing works with them any more.
      this.log('warn', `${leaseId} is removed here, but its server was not told: ${describe(error)}`);
    }
    return await this.logins.removeLogin(user, stem);
  }

  log(level: CredmonLogLevel, line: string): void {
    this.#around.log(level, line);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ending.abort();
    this.#standIns.close();
    this.#watch.close();
    await this.#passes.close();
    await this.keeper.close();
    await this.#rotations.settled();
  }

  #sourcesOf(settings: CredmonSettings): SourceMaker {
    const { sealing, rescued } = this.#around;
    return createProviderSources({
      directory: this.directory,
      sealing,
      isSealing: settings.sealRefreshTokens,
      rescued,
      begin: (user, stem) => this.#begin(user, stem),
      rotated: (user, stem, stamp) => this.#keeping.rotated(user, stem, stamp),
      requestTimeoutSeconds: settings.requestTimeoutSeconds,
      now: () => new Date(),
      unbroken: this.#rotations,
      remember: this.#remember,
      warn: (message) => this.#troubles.lasting(message),
    });
  }

  /** The files of one request are about to be written: nobody looks at a half, and everybody at the whole. */
  #begin(user: string, stem: string): () => void {
    const end = this.#keeping.setBusy(user, stem);
    return () => {
      end();
      this.#passes.hint(user);
    };
  }

  #changed(user: string | undefined, name: string | undefined): void {
    if (user !== undefined) {
      if (name?.endsWith('.use') !== true || !this.#keeping.isOwnEcho(user, name.slice(0, -'.use'.length)))
        this.#passes.hint(user);
    }
    // In the directory itself: perhaps a new user. What it is shows when it is looked at.
    else if (name !== undefined) this.#passes.hint(name);
  }

  async #passed({ startedAt, durationMs, users }: PassFacts): Promise<void> {
    if (this.lastScan === undefined) await this.#unanswered.firstAnswers(this.#ending.signal);
    if (this.#isClosed) return;
    this.lastScan = { startedAt, durationMs, users, leases: this.keeper.size };
    const took = `${durationMs.toFixed(1)} ms, ${users} users, ${this.keeper.size} leases`;
    this.log('debug', `looked at the credential directory: ${took}`);
    this.#around.onPass?.(this.lastScan);
    await markComplete(this.directory);
    if (performance.now() - this.#leftoversAt < LEFTOVERS_MS) return;
    this.#leftoversAt = performance.now();
    for (const name of await sweepLeftovers(this.directory, new Date()))
      this.log('info', `removed ${name}, which nobody needs any more`);
  }

  /** Deleted by its user, or swept: after a while in which it may come back, its server hears of it. */
  async #tellServer(id: string, source: CredmonSource): Promise<void> {
    if (source.revoke === undefined) return;
    try {
      await delay(REVOKE_AFTER_MS, undefined, { signal: this.#ending.signal, ref: false });
      const { user, stem } = readLeaseId(id);
      if (this.#keeping.sourceOf(id) !== undefined || !isReallyGone(this.directory, user, stem)) return;
      if (!(await source.revoke(this.#ending.signal))) return;
      this.log('info', `OAUTH: the server was told that ${id} has ended`);
      this.#around.onRevoked?.(id);
    } catch (error) {
      if (!this.#isClosed) this.log('warn', `${id} is gone, but its server was not told: ${describe(error)}`);
    }
  }

  #lost(error: unknown): void {
    this.log('error', `cannot look at the credential directory: ${describe(error)}`);
    if (isLatchkeyError(error, 'credmon/directory-lost')) this.#around.onLost?.(error);
  }
}

function describe(error: unknown): string {
  if (isLatchkeyError(error)) return `${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`;
  return error instanceof Error ? error.message : String(error);
}
