import { LatchkeyError, quote } from '../kit/index.ts';

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
  return {
    ...{ scheme, host: host.replace(/^\[|\]$/g, '') },
    ...(user ? { user: decodeURIComponent(user) } : {}),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

function hidePassword(text: string): string {
  return text.replace(/:[^:@/]*@/, ':[secret]@');
}
