import type { WebDependencies } from './dependencies.ts';
import { wordsOf } from './failure-page.ts';
import type { UnconfirmedLogin } from './login-memory.ts';

/** Revocations under way; a server that does not answer must not gather more. */
const MOST_AT_ONCE = 100;

/** Takes back grants that nobody uses. */
export interface Discarding {
  /** Never throws: what could not be revoked is told to the log. */
  discard(login: Pick<UnconfirmedLogin, 'request' | 'tokens'>): Promise<void>;
  /** Settles when all that is under way has ended. */
  settled(): Promise<void>;
}

/** Revokes at the server what was granted there and is not stored here. */
export function createDiscarding({ logins, log }: Pick<WebDependencies, 'logins' | 'log'>): Discarding {
  const underWay = new Set<Promise<void>>();
  const revoke = async ({ request, tokens }: Pick<UnconfirmedLogin, 'request' | 'tokens'>): Promise<void> => {
    try {
      await logins.discard(request, tokens);
    } catch (error) {
      const reason = wordsOf(error) ?? 'unexpected error';
      log('warn', `a grant of ${request.provider} that is not used could not be revoked: ${reason}`);
    }
  };
  return {
    async discard(login) {
      if (underWay.size >= MOST_AT_ONCE) {
        log(
          'warn',
          `a grant of ${login.request.provider} that is not used was not revoked: too many at once`,
        );
        return;
      }
      const done = revoke(login);
      underWay.add(done);
      await done.finally(() => underWay.delete(done));
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}
