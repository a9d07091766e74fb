import { access, constants, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { defaultProxyPath } from './proxy-file.ts';

/** Where a credential is: in one file, or certificate and key in two. */
export type CredentialLocation =
  | { readonly type: 'proxy'; readonly path: string }
  | { readonly type: 'pair'; readonly certificatePath: string; readonly keyPath: string };

/** What {@link locateClientCredentials} goes by; each default is the running process's own. */
export interface LocationOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly home?: string;
  readonly uid?: number;
}

/**
 * Finds the credential that a client uses, in the order of the C tools: the proxy (`X509_USER_PROXY`, else `/tmp/x509up_u<uid>`),
 * then `X509_USER_CERT` and `X509_USER_KEY`, else `~/.globus/usercert.pem` and `userkey.pem`. Root looks for
 * certificate and key first, the host's included, and for the proxy afterwards. A variable that is set stands for its default, even
 * when it names nothing. Files need only be readable: whether they are any good is for the reader to find out.
 */
export async function locateClientCredentials(
  options: LocationOptions = {},
): Promise<CredentialLocation | undefined> {
  const { env = process.env, uid = process.geteuid?.() ?? 0 } = options;
  const home = options.home ?? env.HOME ?? homedir();
  const proxy: CredentialLocation = { type: 'proxy', path: defaultProxyPath(env, uid) };
  const places =
    uid === 0 ? [...hostPairs(env, home), proxy, ...userPairs(env, home)] : [proxy, ...userPairs(env, home)];
  for (const place of places) {
    const files = place.type === 'proxy' ? [place.path] : [place.certificatePath, place.keyPath];
    if (await areReadable(files)) return place;
  }
  return undefined;
}

function userPairs(env: NodeJS.ProcessEnv, home: string): CredentialLocation[] {
  return [fromEnvironment(env) ?? pair(join(home, '.globus'), 'user')];
}

function hostPairs(env: NodeJS.ProcessEnv, home: string): CredentialLocation[] {
  const named = fromEnvironment(env);
  if (named !== undefined) return [named];
  const globus = env.GLOBUS_LOCATION;
  return [
    pair('/etc/grid-security', 'host'),
    ...(globus ? [pair(join(globus, 'etc'), 'host')] : []),
    pair(join(home, '.globus'), 'host'),
  ];
}

function fromEnvironment(env: NodeJS.ProcessEnv): CredentialLocation | undefined {
  const { X509_USER_CERT: certificatePath, X509_USER_KEY: keyPath } = env;
  return certificatePath && keyPath ? { type: 'pair', certificatePath, keyPath } : undefined;
}

function pair(directory: string, owner: 'user' | 'host'): CredentialLocation {
  return {
    type: 'pair',
    certificatePath: join(directory, `${owner}cert.pem`),
    keyPath: join(directory, `${owner}key.pem`),
  };
}

async function areReadable(paths: readonly string[]): Promise<boolean> {
  const checks = paths.map(async (path) => {
    await access(path, constants.R_OK);
    return (await stat(path)).isFile();
  });
  return (await Promise.allSettled(checks)).every((check) => check.status === 'fulfilled' && check.value);
}
