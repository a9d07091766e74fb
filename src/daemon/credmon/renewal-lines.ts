import type { Provider } from '../../credmon/index.ts';
import type { KeeperEvent } from '../../keeper/index.ts';
import type { CredmonLogLevel } from './running-credmon.ts';

/** A log line and how much it matters. */
export interface RenewalLine {
  readonly level: CredmonLogLevel;
  readonly text: string;
}

/** Prefixes as upstream's: people and tests look for them. */
const PREFIXES: Readonly<Record<Provider['mode'], string>> = {
  local: 'LOCAL',
  oauth: 'OAUTH',
  client: 'CLIENT',
  vault: 'VAULT',
  pelican: 'PELICAN',
};

/** What the log says of an event. Whose token and why; never the token. */
export function renewalLine(event: KeeperEvent, mode: Provider['mode'] | undefined): RenewalLine {
  const prefix = mode === undefined ? '' : `${PREFIXES[mode]}: `;
  switch (event.type) {
    case 'renewed': {
      const { held, lease } = event;
      const id = held.id === undefined ? '' : `, jti ${held.id}`;
      const end = held.expiresAt === undefined ? '' : `, valid until ${held.expiresAt.toISOString()}`;
      return { level: 'info', text: `${prefix}Successfully renewed ${lease.id}${end}${id}` };
    }
    case 'failed': {
      const { failure, failures, nextAt, lease } = event;
      const hint = failure.hint === undefined ? '' : `; ${failure.hint}`;
      const text = `${prefix}Could not renew ${lease.id} (${failures} in a row): ${failure.message}${hint}; next try ${nextAt.toISOString()} [${failure.code}]`;
      return { level: 'error', text };
    }
    case 'expiring': {
      const why = event.failure === undefined ? '' : `: ${event.failure.message}`;
      const text = `${prefix}${event.lease.id} ends at ${event.expiresAt.toISOString()} and is not renewed${why}`;
      return { level: 'warn', text };
    }
    case 'released':
      return { level: 'debug', text: `${prefix}Released ${event.lease.id}` };
    case 'breaker': {
      const meaning = {
        open: 'does not answer well: no requests to it for a while',
        'half-open': 'is tried again',
        closed: 'answers again',
      }[event.state];
      return { level: event.state === 'open' ? 'warn' : 'info', text: `${event.authority} ${meaning}` };
    }
  }
}
