import { stateInWords } from './credential-state.ts';
import type { CredentialView } from './dependencies.ts';

/** One provider, over all users. */
export interface ProviderSummary {
  readonly provider: string;
  readonly mode: string | undefined;
  readonly authority: string | undefined;
  readonly breaker: 'open' | 'half-open' | 'closed';
  readonly credentials: number;
  /** Those that failed last time, or have ended. */
  readonly failing: number;
  readonly firstEnd: Date | undefined;
}

/** One reason why credentials are not renewed. */
interface FailureSummary {
  readonly code: string;
  readonly credentials: number;
  readonly users: number;
  /** The newest one's words. */
  readonly message: string;
  readonly hint: string | undefined;
  readonly lastAt: Date;
}

/** What an operator sees. */
export interface OperatorSummary {
  readonly users: number;
  readonly credentials: number;
  readonly working: number;
  readonly failing: number;
  /** Those that end within the hour and whose renewal has failed. */
  readonly endingSoon: number;
  /** Those with failures first; at most 200. */
  readonly providers: readonly ProviderSummary[];
  readonly failures: readonly FailureSummary[];
  /** The next to end, first one first. */
  readonly upcoming: readonly CredentialView[];
}

const SOON_MS = 3_600_000;
const MAX_UPCOMING = 20;
/** Names come from a directory that users can fill. */
const MAX_PROVIDERS = 200;

/** Pure: everything the operator's page and the API say, out of the list of credentials; one pass over it. */
export function summarize(
  views: readonly CredentialView[],
  breakers: ReadonlyMap<string, 'open' | 'half-open'>,
  now: Date,
): OperatorSummary {
  const providers = new Map<string, Mutable<ProviderSummary>>();
  const failures = new Map<string, Mutable<FailureSummary> & { owners: Set<string> }>();
  const owners = new Set<string>();
  let failing = 0;
  let endingSoon = 0;
  for (const view of views) {
    owners.add(view.owner);
    const isFailing = view.failures > 0 || stateInWords(view, now).tone === 'bad';
    if (isFailing) failing += 1;
    const left = (view.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - now.getTime();
    if (view.failures > 0 && left < SOON_MS) endingSoon += 1;
    const key = `${view.provider}\0${view.authority ?? ''}`;
    const provider = providers.get(key) ?? {
      provider: view.provider,
      mode: view.mode,
      authority: view.authority,
      breaker: breakers.get(view.authority ?? '') ?? 'closed',
      credentials: 0,
      failing: 0,
      firstEnd: undefined,
    };
    provider.credentials += 1;
    if (isFailing) provider.failing += 1;
    if (left > 0 && isEarlier(view.expiresAt, provider.firstEnd)) provider.firstEnd = view.expiresAt;
    providers.set(key, provider);
    if (view.lastError !== undefined && view.failures > 0) countFailure(failures, view, view.lastError);
  }
  return {
    users: owners.size,
    credentials: views.length,
    working: views.length - failing,
    failing,
    endingSoon,
    providers: [...providers.values()]
      .sort(
        (a, b) => b.failing - a.failing || b.credentials - a.credentials || compare(a.provider, b.provider),
      )
      .slice(0, MAX_PROVIDERS),
    failures: [...failures.values()]
      .map(({ owners: users, ...failure }) => ({ ...failure, users: users.size }))
      .sort((a, b) => b.credentials - a.credentials),
    upcoming: firstToEnd(views, now),
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function countFailure(
  failures: Map<string, Mutable<FailureSummary> & { owners: Set<string> }>,
  view: CredentialView,
  { code, message, hint, at }: NonNullable<CredentialView['lastError']>,
): void {
  const failure = failures.get(code) ?? {
    code,
    credentials: 0,
    users: 0,
    message,
    hint,
    lastAt: at,
    owners: new Set<string>(),
  };
  failure.credentials += 1;
  failure.owners.add(view.owner);
  if (at > failure.lastAt) Object.assign(failure, { message, hint, lastAt: at });
  failures.set(code, failure);
}

function firstToEnd(views: readonly CredentialView[], now: Date): readonly CredentialView[] {
  return views
    .filter(({ expiresAt }) => expiresAt !== undefined && expiresAt > now)
    .sort((a, b) => (a.expiresAt?.getTime() ?? 0) - (b.expiresAt?.getTime() ?? 0))
    .slice(0, MAX_UPCOMING);
}

function isEarlier(time: Date | undefined, than: Date | undefined): boolean {
  return time !== undefined && (than === undefined || time < than);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
