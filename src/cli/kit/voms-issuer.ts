import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  type Credential,
  defaultProxyPath,
  isPkcs12,
  isSameKey,
  type Name,
  parseCertificates,
  readProxyFile,
} from '../../x509/index.ts';
import { openOwnKey, openOwnPkcs12 } from './key-pass-phrase.ts';
import { findOwnCertificate } from './own-certificate.ts';
import { reportError } from './report-error.ts';
import { fail, type ToolContext, ToolExit } from './tool.ts';
import type { VomsProxyOptions } from './voms-proxy-options.ts';

/** What a proxy is made of, before its key has been opened. */
export interface ProxyIssuer {
  readonly subject: Name;
  /** Asks for the pass phrase if the key has one. @throws ToolExit */
  open(): Promise<Credential>;
}

/** The user's certificate and key; with `-noregen` the proxy there is. @throws ToolExit */
export async function openIssuer(
  context: ToolContext,
  options: Pick<VomsProxyOptions, 'has' | 'text'>,
): Promise<ProxyIssuer> {
  const named = options.text('cert');
  if (options.has('noregen') && named === undefined) {
    const path = defaultProxyPath({ ...context.env }, context.uid);
    const credential = await readProxyFile(path).catch((error: unknown) => {
      throw new ToolExit(1, { stderr: `Unable to find user proxy: ${path}\n${reportError(error)}` });
    });
    const [leaf] = credential.chain;
    if (leaf === undefined) throw fail(`Unable to find user proxy: ${path}`);
    return { subject: leaf.subject, open: async () => credential };
  }
  const own = await findOwnCertificate(context.env);
  const certificateFile = named ?? own.certificate;
  const keyFile = options.text('key') ?? (named === undefined ? own.key : named);
  const pkcs12 = await findPkcs12(context, certificateFile);
  if (pkcs12 !== undefined) return await openPkcs12Issuer(context, options, pkcs12);
  if (certificateFile === undefined || keyFile === undefined) {
    throw fail(
      'Unable to find user certificate or key: no X509_USER_CERT and X509_USER_KEY, and no usercert.pem and userkey.pem, nor usercred.p12, in ~/.globus',
    );
  }
  const certificates = await readPem(certificateFile);
  const chain = parseCertificates(certificates);
  const [leaf] = chain;
  if (leaf === undefined) throw fail(`Unable to find user certificate or key: ${certificateFile}`);
  const keyPem = keyFile === certificateFile ? certificates : await readPem(keyFile);
  return {
    subject: leaf.subject,
    open: async () => {
      const privateKey = await openOwnKey(context, keyPem, {
        fromStdin: options.has('pwstdin'),
        prompt: 'Enter GRID pass phrase:',
      });
      if (privateKey === undefined) throw fail('Error: Could not load the private key: wrong pass phrase');
      if (!isSameKey(createPublicKey(privateKey), leaf.publicKey)) {
        throw fail(`Error: ${keyFile} is not the key of ${certificateFile}`);
      }
      return { chain, privateKey };
    },
  };
}

/** The file that was named when it is PKCS#12; without any certificate, the one where the C++ tool looks for it. */
async function findPkcs12(
  { env }: ToolContext,
  certificateFile: string | undefined,
): Promise<{ readonly path: string; readonly bytes: Buffer } | undefined> {
  // One that the environment names and is not there is missed, not replaced.
  if (certificateFile === undefined && env.X509_USER_CERT !== undefined) return undefined;
  const path = certificateFile ?? join(env.HOME ?? homedir(), '.globus', 'usercred.p12');
  const bytes = await readFile(path).catch(() => undefined);
  return bytes !== undefined && isPkcs12(bytes) ? { path, bytes } : undefined;
}

/** Whose certificate it is, is known only when it has been opened: the pass phrase is asked for at once. */
async function openPkcs12Issuer(
  context: ToolContext,
  options: Pick<VomsProxyOptions, 'has' | 'text'>,
  { path, bytes }: { readonly path: string; readonly bytes: Buffer },
): Promise<ProxyIssuer> {
  const credential = await openOwnPkcs12(context, bytes, {
    fromStdin: options.has('pwstdin'),
    prompt: 'Enter GRID pass phrase:',
  }).catch((error: unknown) => {
    throw new ToolExit(1, { stderr: `Error: cannot open ${path}\n${reportError(error)}` });
  });
  const [leaf] = credential?.chain ?? [];
  if (credential === undefined || leaf === undefined)
    throw fail(`Error: Could not load the private key from ${path}: wrong pass phrase`);
  return { subject: leaf.subject, open: async () => credential };
}

async function readPem(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => {
    throw fail(`Unable to find user certificate or key: ${path}`);
  });
}
