import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ToolContext } from './tool.ts';

/** Where a user's certificate and key are; each only if there is such a file. */
export interface OwnCertificateFiles {
  readonly certificate?: string;
  readonly key?: string;
}

/** The user's end-entity certificate and key, never a proxy: `X509_USER_CERT` and `X509_USER_KEY`, else `~/.globus`. */
export async function findOwnCertificate(env: ToolContext['env']): Promise<OwnCertificateFiles> {
  const directory = join(env.HOME ?? homedir(), '.globus');
  const certificate = env.X509_USER_CERT ?? join(directory, 'usercert.pem');
  const key = env.X509_USER_KEY ?? join(directory, 'userkey.pem');
  const [hasCertificate, hasKey] = await Promise.all([isThere(certificate), isThere(key)]);
  return { ...(hasCertificate && { certificate }), ...(hasKey && { key }) };
}

/** True when there is a file of that name. */
export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
