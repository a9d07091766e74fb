import { LatchkeyError, nearestName, quote } from '../kit/index.ts';
import { checkTarget } from '../ssh/index.ts';

/** Schedulers by their names in URLs; `pbs` finds out which of its kinds it is. */
const BATCH_SCHEMES = ['slurm', 'pbs', 'pbspro', 'torque', 'sge', 'lsf', 'condor'] as const;
export type BatchScheme = (typeof BATCH_SCHEMES)[number];

/** Where jobs run: how the machine is reached, and what starts them there. */
export interface ServiceUrl {
  /** How the machine is reached. */
  readonly via: 'local' | 'ssh' | 'gsissh' | 'ec2';
  /** Absent = the machine itself runs them. */
  readonly batch?: BatchScheme | undefined;
  /** Absent for `local`. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  /** Kept out of {@link text}, ids and errors; contexts of a session are the better place. */
  readonly password?: string | undefined;
  /** Defaults for descriptions that name none. */
  readonly queue?: string | undefined;
  readonly project?: string | undefined;
  /** The canonical form without password, path and query: the first half of job ids. */
  readonly text: string;
}

const PLAIN = { local: 'local', fork: 'local', ssh: 'ssh', gsissh: 'gsissh', ec2: 'ec2' } as const;
const LOOPBACK = ['', 'localhost', '127.0.0.1', '[::1]'];
const OPTIONS = ['queue', 'project'];
const SCHEMES = [
  ...Object.keys(PLAIN),
  ...BATCH_SCHEMES.flatMap((name) => [name, `${name}+ssh`, `${name}+gsissh`]),
];

/**
 * Reads the address of a job service: `local://`, `ssh://user@host:2222`, `slurm+ssh://host?queue=debug&project=p1`.
 *
 * @throws LatchkeyError `jobs/url`
 */
export function parseServiceUrl(text: string): ServiceUrl {
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === '') {
    throw refused(
      `${quote(withoutPassword(text))} is no address of a job service`,
      'such as local://, ssh://host or slurm+ssh://host',
    );
  }
  const name = scheme.toLowerCase();
  if (!SCHEMES.includes(name)) {
    const near = nearestName(name, SCHEMES);
    throw refused(
      `there is no job service "${name}://"`,
      near === undefined ? `known are ${SCHEMES.join(', ')}` : `did you mean "${near}://"?`,
    );
  }
  const parts = authority(name, rest);
  const [batch, inner = 'local'] = isPlain(name)
    ? [undefined, PLAIN[name]]
    : (name.split('+') as [BatchScheme, 'ssh']);
  const via = inner;
  const isLoopback = LOOPBACK.includes(parts.host);
  if (via === 'local' && !isLoopback) {
    throw refused(
      `"${name}://" runs on this machine, and "${parts.host}" is another`,
      batch === undefined
        ? `ssh://${parts.host} runs it there`
        : `${batch}+ssh://${parts.host} reaches its scheduler`,
    );
  }
  if ((via === 'ssh' || via === 'gsissh') && parts.host === '') {
    throw refused(`"${name}://" needs a host`, `such as ${name}://host.example.org`);
  }
  if (via === 'ssh' || via === 'gsissh') checkLogin(parts);
  const isHere = via === 'local';
  const at = isHere ? 'localhost' : parts.host;
  const who = isHere || parts.user === undefined ? '' : `${encodeURIComponent(parts.user)}@`;
  const port = isHere || parts.port === undefined ? '' : `:${parts.port}`;
  return {
    via,
    batch,
    ...(isHere
      ? {}
      : {
          host: parts.host.replace(/^\[(.*)\]$/, '$1'),
          port: parts.port,
          user: parts.user,
          password: parts.password,
        }),
    ...options(name, parts.query),
    text: `${name === 'fork' ? 'local' : name}://${who}${at}${port}`,
  };
}

function checkLogin({ host, port, user }: Authority): void {
  try {
    checkTarget({ host, port, user });
  } catch (cause) {
    throw new LatchkeyError('jobs/url', (cause as Error).message, { cause });
  }
}

function isPlain(name: string): name is keyof typeof PLAIN {
  return Object.hasOwn(PLAIN, name);
}

interface Authority {
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly query: URLSearchParams;
}

/** `URL` knows the rules of an authority under a scheme that it knows. */
function authority(scheme: string, rest: string): Authority {
  if (/^[/?#]|^$/.test(rest)) {
    checkNoPath(scheme, rest.replace(/[?#].*$/s, ''));
    return { host: '', port: undefined, user: undefined, password: undefined, query: queryOf(rest) };
  }
  let url: URL;
  try {
    url = new URL(`ftp://${rest}`);
  } catch {
    // The cause would carry the text, and with it a password.
    throw refused(`"${scheme}://…" has no valid host, port or user`, `such as ${scheme}://user@host:22`);
  }
  checkNoPath(scheme, url.pathname);
  const port = /^[^/?#]*:(\d+)(?:[/?#]|$)/.exec(rest)?.[1];
  return {
    host: url.hostname,
    port: port === undefined ? undefined : Number(port),
    user: decoded(scheme, url.username),
    password: decoded(scheme, url.password),
    query: url.searchParams,
  };
}

function decoded(scheme: string, text: string): string | undefined {
  try {
    return text === '' ? undefined : decodeURIComponent(text);
  } catch {
    throw refused(
      `"${scheme}://…" has a user or password with a "%" that is no escape`,
      'write a percent sign as %25',
    );
  }
}

/** A path would be taken for the directory that the job runs in, and go unheard. */
function checkNoPath(scheme: string, path: string): void {
  if (path !== '' && path !== '/')
    throw refused(
      `"${scheme}://…" has a path, which means nothing here`,
      'the directory is "workingDirectory" of the description',
    );
}

function queryOf(rest: string): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(rest)?.[1] ?? '');
}

function options(scheme: string, query: URLSearchParams): Pick<ServiceUrl, 'queue' | 'project'> {
  for (const key of query.keys()) {
    if (OPTIONS.includes(key)) continue;
    const near = nearestName(key, OPTIONS);
    throw refused(
      `"${scheme}://" knows no option ${quote(key)}`,
      near === undefined ? `known are ${OPTIONS.join(', ')}` : `did you mean "${near}"?`,
    );
  }
  return { queue: query.get('queue') ?? undefined, project: query.get('project') ?? undefined };
}

function withoutPassword(text: string): string {
  // From the first colon to the last "@": a password may have any of "/", ":" and "@" in it.
  return text.replace(/:(?!\/\/).*@/s, ':…@');
}

function refused(message: string, hint: string): LatchkeyError {
  return new LatchkeyError('jobs/url', message, { hint });
}
