import { randomBytes } from 'node:crypto';
import type { LoginRequest } from '../credmon/index.ts';
import { type Clock, LruCache } from '../kit/index.ts';
import type { TokenResponse } from '../oauth/index.ts';
import type { DeviceLogin } from './dependencies.ts';
import { UserBoundCache } from './user-bound.ts';

/** Logins on their way are few; what is above is somebody's script, and the oldest gives way. */
const MAX_LOGINS = 2_000;
const MAX_LOGINS_PER_USER = 50;
const MAX_DEVICES = 200;
const MAX_DEVICES_PER_USER = 10;
const LOGIN_MS = 15 * 60_000;
const VISIT_MS = 12 * 3_600_000;
const MAX_KEYS_PER_BROWSER = 8;
const TIDY_MS = 60_000;

/** Whose login it is and what for; every login stands alone, however many tabs and submits there are. */
interface LoginOf {
  /** Id of the browser that began it. */
  readonly browser: string;
  /** The submission's; `undefined` = begun on the owner's own page. */
  readonly key: string | undefined;
  readonly request: LoginRequest;
}

/** Sent to the authorization server, by `state`. */
interface PendingLogin extends LoginOf {
  readonly pending: unknown;
}

/** Came back and waits for the person's word, by a random id. */
export interface UnconfirmedLogin extends LoginOf {
  readonly tokens: TokenResponse;
  /** A code has shown that the local user sits there. */
  readonly isProven?: boolean;
}

/** Waits for approval on another device, by a random id. */
export interface DeviceWait extends LoginOf {
  readonly device: DeviceLogin;
  /** Id of the unconfirmed login it became. */
  readonly confirmId?: string | undefined;
  readonly failure?: unknown;
}

/** A request file that was served to its end. */
interface ServedKey {
  readonly browser: string;
  readonly requests: readonly LoginRequest[];
}

/** What the pages remember between two requests; in memory, bounded, each for its time. */
export interface LoginMemory {
  readonly pending: LruCache<string, PendingLogin>;
  /** Put there by {@link LoginMemory.keep}. */
  readonly unconfirmed: LruCache<string, UnconfirmedLogin>;
  /** Logins that a person has decided on, by the same id: a second click leads where the first did. */
  readonly decided: LruCache<string, LoginOf>;
  readonly devices: LruCache<string, DeviceWait>;
  readonly served: LruCache<string, ServedKey>;
  /** Keeps a login until somebody decides, under the id that is given back, or the one it had. */
  keep(login: UnconfirmedLogin, id?: string): string;
  /** Notes that this browser opened this key's page. */
  visit(browser: string, key: string): void;
  /** The keys this browser opened, last first. */
  visited(browser: string): readonly string[];
  /** Lets go of what is over; cheap to call often. */
  tidy(): void;
  /** Forgets everything, and from then on at once what is to be kept. */
  close(): void;
}

/**
 * Nothing of it outlives the process: who comes back too late starts again from the key's page.
 *
 * @param onForgotten told of every login that nobody stored or refused in time: its grant is still good
 */
export function createLoginMemory(
  clock: Clock,
  onForgotten: (login: UnconfirmedLogin) => void = () => {},
): LoginMemory {
  const visits = new LruCache<string, readonly string[]>(MAX_LOGINS * 5, VISIT_MS, clock);
  const bounds = { entries: MAX_LOGINS, perUser: MAX_LOGINS_PER_USER, lifetimeMs: LOGIN_MS };
  const pending = new UserBoundCache<PendingLogin>(bounds, clock);
  const unconfirmed = new UserBoundCache<UnconfirmedLogin>(bounds, clock, onForgotten);
  const decided = new LruCache<string, LoginOf>(MAX_LOGINS, LOGIN_MS, clock);
  // A wait that nobody looks for any more goes on asking the server otherwise.
  const devices = new UserBoundCache<DeviceWait>(
    { entries: MAX_DEVICES, perUser: MAX_DEVICES_PER_USER, lifetimeMs: 2 * LOGIN_MS },
    clock,
    ({ device }) => device.cancel(),
  );
  const served = new LruCache<string, ServedKey>(MAX_LOGINS, VISIT_MS, clock);
  const all = [pending, unconfirmed, decided, devices, served, visits];
  let tidiedAt = 0;
  let isClosed = false;
  return {
    pending,
    unconfirmed,
    decided,
    devices,
    served,
    keep(login, id = randomId()) {
      if (isClosed) onForgotten(login);
      else unconfirmed.set(id, login);
      return id;
    },
    visit(browser, key) {
      const others = (visits.get(browser) ?? []).filter((visited) => visited !== key);
      visits.set(browser, [key, ...others].slice(0, MAX_KEYS_PER_BROWSER));
    },
    visited: (browser) => visits.get(browser) ?? [],
    tidy() {
      const now = clock.now().getTime();
      if (Math.abs(now - tidiedAt) < TIDY_MS) return;
      tidiedAt = now;
      for (const cache of all) cache.prune();
    },
    close() {
      isClosed = true;
      for (const cache of all) cache.clear();
    },
  };
}

/** A name nobody guesses. */
export function randomId(): string {
  return randomBytes(18).toString('base64url');
}
