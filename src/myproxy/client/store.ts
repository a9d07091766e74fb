import { createPublicKey, type KeyObject } from 'node:crypto';
import { formatPem } from '../../asn1/index.ts';
import { LatchkeyError, quote, Secret } from '../../kit/index.ts';
import type { CredentialPolicies } from '../../repository/index.ts';
import { openPrivateKey, parseCertificate } from '../../x509/index.ts';
import type { Request } from '../wire/request.ts';
import type { CredentialSelector, OperationOptions } from './client-options.ts';
import { askInfo } from './info.ts';
import { type Operation, withConnection } from './operation.ts';
import { findIdentity, readCredentialFiles } from './own-identity.ts';
import { formatPemParts, type PemParts, pemParts } from './pem-parts.ts';
import { ask, expectOk } from './reply.ts';
import { requestFor } from './request-fields.ts';
import type { ServerPeer } from './server-peer.ts';

/** What is said about a credential when it is stored. */
export interface StoredCredentialOptions extends OperationOptions, CredentialSelector {
  readonly description?: string | undefined;
  /** Seconds that proxies delegated from it may live; default the client's `proxyCertMaxLifetime`; 0 = no limit of its own. */
  readonly lifetime?: number | undefined;
  /** Who may retrieve or renew it; each one expression in the server's language. */
  readonly policies?: CredentialPolicies | undefined;
  /** False: refuse when there is one already under this name. Default true. */
  readonly force?: boolean | undefined;
}

/** What `store` uploads. The key goes as it is in its file: encrypted as a rule, and the server never sees its pass phrase. */
export interface StoreOptions extends StoredCredentialOptions {
  /** PEM file with the certificate (and its chain). Default: the user's own. */
  readonly certFile?: string | undefined;
  /** PEM file with the key. Default: the user's own, or the same file. */
  readonly keyFile?: string | undefined;
  /** PEM text instead of files: certificate, key, chain. */
  readonly pem?: Secret | undefined;
}

/** Where it is now. */
export interface StoreResult {
  readonly server: ServerPeer;
}

/** STORE: request → OK → PEM → OK. */
export async function askStore(operation: Operation, options: StoreOptions): Promise<StoreResult> {
  const payload = await uploadOf(operation, options);
  await refuseIfThere(operation, options);
  const needs = { identity: 'required', endEntityFirst: true } as const;
  return await withConnection(operation, needs, async (connection) => {
    await ask(connection, requestFor('STORE', options, storedFields(operation, options)));
    await connection.send(payload.reveal());
    await expectOk(connection, 'confirmation');
    return { server: connection.peer };
  });
}

/** The fields of PUT and STORE that say what becomes of the credential. */
export function storedFields({ settings }: Operation, options: StoredCredentialOptions): Partial<Request> {
  const { description, lifetime, policies = {} } = options;
  const { retrievers, keyRetrievers, trustedRetrievers, renewers } = policies;
  return {
    lifetimeSeconds: lifetime ?? settings.proxyCertMaxLifetime,
    ...(description === undefined ? {} : { credentialDescription: description }),
    ...(retrievers === undefined ? {} : { retrievers }),
    ...(keyRetrievers === undefined ? {} : { keyRetrievers }),
    ...(trustedRetrievers === undefined ? {} : { trustedRetrievers }),
    ...(renewers === undefined ? {} : { renewers }),
  };
}

/** @throws LatchkeyError `myproxy/exists` when nothing may be replaced and there is something */
export async function refuseIfThere(operation: Operation, options: StoredCredentialOptions): Promise<void> {
  if (options.force ?? true) return;
  const { credentials } = await askInfo(operation, options);
  const name = options.credname === undefined || options.credname === '' ? undefined : options.credname;
  if (!credentials.some((credential) => credential.name === name)) return;
  const which = name === undefined ? 'the default credential' : `the credential ${quote(name)}`;
  throw new LatchkeyError('myproxy/exists', `${which} of user ${quote(options.username)} is stored already`, {
    hint: 'store it under another name (credname), remove the old one first, or allow to replace it (force)',
  });
}

async function uploadOf({ settings }: Operation, options: StoreOptions): Promise<Secret> {
  if (options.pem !== undefined) return await payloadOf(pemParts(options.pem.revealText()));
  const { certFile, keyFile } = options;
  const files =
    certFile === undefined
      ? await findIdentity({ env: settings.env, endEntityFirst: true })
      : { certFile, keyFile };
  if (files === undefined) {
    throw new LatchkeyError('x509/credential-missing', 'there is no certificate to store', {
      hint: 'name its files (certFile, keyFile), or set X509_USER_CERT and X509_USER_KEY',
    });
  }
  const text = await readCredentialFiles({ ...files, ...(keyFile === undefined ? {} : { keyFile }) });
  return await payloadOf(pemParts(text));
}

/** Certificate, key and chain with the final NUL, in a form that C servers and tools can read. */
async function payloadOf(parts: PemParts): Promise<Secret> {
  if (parts.isKeyEncrypted) {
    if (parts.key.label === 'EC PRIVATE KEY') {
      throw new LatchkeyError(
        'x509/key-malformed',
        'the key is encrypted in a form that MyProxy servers cannot read',
        {
          hint: 'turn it into PKCS#8: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW',
        },
      );
    }
    return new Secret(`${formatPemParts(parts)}\0`);
  }
  const key = await openPrivateKey(parts.key.text);
  const leaf = parts.certificates[0];
  if (leaf !== undefined && !matches(leaf.der, key)) {
    throw new LatchkeyError('x509/key-mismatch', 'the key does not belong to the certificate');
  }
  // "EC PRIVATE KEY" is unknown to the C server and its tools; PKCS#8 is not.
  if (parts.key.label !== 'EC PRIVATE KEY') return new Secret(`${formatPemParts(parts)}\0`);
  const text = formatPem('PRIVATE KEY', key.export({ format: 'der', type: 'pkcs8' })).trimEnd();
  return new Secret(`${formatPemParts({ ...parts, key: { ...parts.key, text } })}\0`);
}

function matches(certificate: Buffer, key: KeyObject): boolean {
  return createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .equals(parseCertificate(certificate).spki);
}
