import { LatchkeyError, quote } from '../kit/index.ts';
import { checkTarget } from '../ssh/index.ts';

/** Where one wants to go, and as whom if that is known. */
export interface Target {
  readonly scheme: 'ssh' | 'gsissh';
  readonly host: string;
  readonly port?: number | undefined;
  /** Login name; contexts of other names are left out then. */
  readonly user?: string | undefined;
}

/**
 * Reads `host`, `user@host` or a URL such as `slurm+gsissh://user@host:2222/`: of its scheme only the last part counts. A password in it
 * is not for reading here.
 *
 * @throws LatchkeyError `jobs/url`
 */
export function parseTarget(text: string): Target {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `ssh://${text}`;
  const match = /^([a-z0-9+.-]+):\/\/(?:([^@/]*)@)?(\[[^\]]+\]|[^:/@?#]+)(?::(\d{1,5}))?(?:[/?#].*)?$/i.exec(
    whole,
  );
  const [, schemes = '', login, host = '', port] = match ?? [];
  const scheme = schemes.toLowerCase().split('+').at(-1);
  if (match === null || (scheme !== 'ssh' && scheme !== 'gsissh')) {
    throw new LatchkeyError('jobs/url', `${quote(hidePassword(text))} is no host to log in to`, {
      hint: 'write a host, user@host, ssh://user@host:port or gsissh://…',
    });
  }
  const user = login?.split(':')[0];
  try {
    const target: Target = {
      ...{ scheme, host: host.replace(/^\[|\]$/g, '') },
      ...(user ? { user: decodeURIComponent(user) } : {}),
      ...(port === undefined ? {} : { port: Number(port) }),
    };
    checkTarget(target);
    return target;
  } catch (cause) {
    const why =
      cause instanceof URIError ? 'the login name has a "%" that is no escape' : (cause as Error).message;
    throw new LatchkeyError('jobs/url', why, { cause });
  }
}

/** From the first colon to the last `@`: a password may have any of `/`, `:` and `@` in it. */
function hidePassword(text: string): string {
  return text.replace(/^((?:[a-z][a-z0-9+.-]*:\/\/)?[^:]*):.*@/is, '$1:[secret]@');
}
