import type { Provider } from '../../credmon/index.ts';
import type { LeaseStatus } from '../../keeper/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';
import type { Credentials, CredentialView, UnservedRequest } from '../../web/index.ts';
import type { RunningCredmon } from '../credmon/running-credmon.ts';
import { requestToLogInAgain } from './login-again.ts';

/** More credentials than the monitor's, such as those of the MyProxy store. */
export interface CredentialShelf {
  list(owner?: string): Promise<readonly CredentialView[]>;
  /** True when it was one of these. */
  revoke(id: string): Promise<boolean>;
}

/** The part of a running monitor that the dashboards show and move. */
export type ShownCredmon = Pick<RunningCredmon, 'settings' | 'keeper' | 'revoke' | 'unserved'>;

/** Requests without a provider that are told of: users can write any number of them. */
const MOST_UNSERVED = 1_000;

/** Modes in which a person's login is behind a token, so that there is something to take back. */
const REVOCABLE: readonly Provider['mode'][] = ['oauth', 'vault', 'pelican'];

/** The credentials of a running monitor, and of a shelf beside it. */
export function keptCredentials(
  credmon: ShownCredmon,
  shelf?: CredentialShelf,
): Credentials & { close(): void } {
  const breakers = new Map<string, 'open' | 'half-open'>();
  const unsubscribe = credmon.keeper.subscribe((event) => {
    if (event.type !== 'breaker') return;
    if (event.state === 'closed') breakers.delete(event.authority);
    else breakers.set(event.authority, event.state);
  });
  return {
    async list(owner) {
      const views: CredentialView[] = [];
      for (const status of credmon.keeper.list()) {
        if (owner === undefined || status.lease.owner === owner) views.push(viewOf(credmon, status));
      }
      return shelf === undefined ? views : [...views, ...(await shelf.list(owner))];
    },
    async renew(id) {
      const { lastError, failures } = await credmon.keeper.renewNow(id);
      if (lastError === undefined || failures === 0) return;
      const { code, message, hint } = lastError;
      throw new LatchkeyError(code === 'unexpected' ? 'oauth/unavailable' : code, message, {
        ...(hint === undefined ? {} : { hint }),
      });
    },
    loginRequest: (id) => requestToLogInAgain(credmon.settings, id),
    async revoke(id) {
      if ((await shelf?.revoke(id)) === true || (await credmon.revoke(id))) return;
      throw new LatchkeyError('credmon/not-found', `nothing is kept under the name ${quote(id)}`);
    },
    unserved() {
      const requests: UnservedRequest[] = [];
      for (const { user, stem, finding } of credmon.unserved()) {
        if (requests.length >= MOST_UNSERVED) break;
        requests.push({ id: `${user}/${stem}`, message: finding.message });
      }
      return requests;
    },
    breakers: () => breakers,
    close: unsubscribe,
  };
}

function viewOf({ settings }: ShownCredmon, { lease, ...status }: LeaseStatus): CredentialView {
  const mode = settings.providerOf(lease.provider)?.mode;
  return {
    id: lease.id,
    owner: lease.owner,
    kind: lease.kind,
    provider: lease.provider,
    mode,
    purpose: lease.purpose,
    authority: status.authority,
    state: status.state,
    issuedAt: status.issuedAt,
    expiresAt: status.expiresAt,
    lastRenewedAt: status.lastRenewedAt,
    nextAt: status.nextAt,
    failures: status.failures,
    lastError: status.lastError,
    canRenew: true,
    canRevoke: mode !== undefined && REVOCABLE.includes(mode),
    canLogIn: mode === 'oauth' && status.state === 'needs-action',
  };
}
