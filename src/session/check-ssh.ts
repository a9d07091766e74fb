import { readFile } from 'node:fs/promises';
import { LatchkeyError, quote, type Secret } from '../kit/index.ts';
import {
  awsFingerprints,
  isCertificateOf,
  openSshKey,
  parseSshCertificate,
  parseSshPublicKey,
  type SshPublicKey,
  sshFingerprint,
} from '../ssh/index.ts';
import type { Checked, KeyMaterial } from './entry.ts';
import { expandPath } from './expand-path.ts';
import { readPrivateText } from './private-file.ts';
import { resolveSecret, type SecretInput } from './secret-input.ts';
import type { Surroundings } from './surroundings.ts';

/** The attributes of SSH and EC2_KEYPAIR contexts that a key is made of. */
export interface KeyAttributes {
  readonly user_id?: string | undefined;
  readonly user_key?: string | undefined;
  readonly user_cert?: string | undefined;
  readonly user_pass?: SecretInput | undefined;
}

const MAX_PUBLIC_BYTES = 65_536;

/** SSH: the key parses, its pass phrase opens it, its halves and its certificate belong together. No key: a login name only. */
export async function checkSsh(
  attributes: KeyAttributes,
  where: Surroundings,
  signal?: AbortSignal,
): Promise<Checked> {
  const found = await checkKey(attributes, where, signal);
  const user = attributes.user_id;
  if (found === undefined) {
    const summary =
      user === undefined ? 'no key: what ssh finds by itself' : `login name ${quote(user)}, no key`;
    return { material: { type: 'key', user }, summary };
  }
  return {
    material: { type: 'key', user, key: found.key },
    summary: `${found.key.path}, ${sshFingerprint(found.key.publicKey)}`,
    warnings: found.warnings,
  };
}

/** @returns `undefined` when no key is named */
export async function checkKey(
  attributes: KeyAttributes,
  where: Surroundings,
  signal?: AbortSignal,
): Promise<{ readonly key: KeyMaterial; readonly warnings: readonly string[] } | undefined> {
  const named = attributes.user_key ?? attributes.user_cert;
  if (named === undefined) return undefined;
  // The public half may be named instead of the private one: the SAGA family's documentation says so.
  const path = expandPath(named, where).replace(/(?:-cert)?\.pub$/, '');
  const { text, warnings } = await readPrivateText(path, 'ssh key', where);
  const passPhrase = await passPhraseOf(attributes, where, signal);
  const opened = await openSshKey(text, { passPhrase, signal }).catch((cause) => {
    throw aboutKey(path, cause, passPhrase !== undefined);
  });
  const { publicKey } = opened;
  const certificate = await findCertificate(path, attributes, publicKey, where);
  return {
    key: {
      ...{ path, publicKey, passPhrase, certificatePath: certificate?.path },
      awsFingerprints: awsFingerprints(opened),
    },
    warnings: [...warnings, ...(certificate?.warnings ?? [])],
  };
}

async function passPhraseOf(
  { user_pass: input }: KeyAttributes,
  where: Surroundings,
  signal: AbortSignal | undefined,
): Promise<Secret | undefined> {
  return input === undefined ? undefined : await resolveSecret(input, where, signal);
}

/** What lies beside the key (`.pub`, `-cert.pub`), or what `user_cert` names: a certificate, or the public key once more. */
async function findCertificate(
  keyPath: string,
  { user_cert: named, user_key: key }: KeyAttributes,
  publicKey: SshPublicKey,
  where: Surroundings,
): Promise<{ readonly path: string | undefined; readonly warnings: readonly string[] } | undefined> {
  // ssh offers what the .pub file says before it opens the key: another key there makes it fail in a way nobody understands.
  await checkPublicFile(`${keyPath}.pub`, publicKey);
  const isNamed = named !== undefined && (key !== undefined || named.endsWith('-cert.pub'));
  const path = isNamed ? expandPath(named, where) : `${keyPath}-cert.pub`;
  const text = await readPublic(path, isNamed);
  if (text === undefined) return undefined;
  if (!/^\S+-cert-v01@openssh\.com\s/.test(text)) {
    if (isNamed && path !== `${keyPath}.pub`) await checkPublicFile(path, publicKey);
    return undefined;
  }
  const certificate = parseSshCertificate(text);
  if (!isCertificateOf(certificate, publicKey)) throw otherKey(path, keyPath);
  if (certificate.kind !== 'user') throw unusable(`${quote(path)} is the certificate of a host`);
  const now = where.clock.now();
  const { validAfter, validBefore } = certificate;
  const isOver = validBefore !== undefined && validBefore <= now;
  if (!isOver && validAfter <= now) return { path, warnings: [] };
  const problem = isOver
    ? `the certificate ${quote(path)} ended at ${validBefore.toISOString()}`
    : `the certificate ${quote(path)} is not valid before ${validAfter.toISOString()}`;
  // One that nobody asked for is left alone: the key may be let in without it.
  if (isNamed) throw unusable(problem, 'ask for a new one, or leave user_cert out');
  return { path: undefined, warnings: [`${problem}, and is not used`] };
}

async function checkPublicFile(path: string, publicKey: SshPublicKey): Promise<void> {
  const text = await readPublic(path, false);
  if (text === undefined || text.trim() === '') return;
  if (!parseSshPublicKey(text).blob.equals(publicKey.blob)) throw otherKey(path, path.replace(/\.pub$/, ''));
}

async function readPublic(path: string, isNamed: boolean): Promise<string | undefined> {
  try {
    return (await readFile(path, 'latin1')).slice(0, MAX_PUBLIC_BYTES);
  } catch (cause) {
    if (!isNamed) return undefined;
    const message = `cannot read the ssh certificate ${quote(path)}`;
    throw new LatchkeyError('file/io', message, { cause });
  }
}

function aboutKey(path: string, cause: unknown, isGiven: boolean): unknown {
  if (!(cause instanceof LatchkeyError)) return cause;
  const hints: Readonly<Record<string, string>> = {
    'ssh/pass-phrase-needed': isGiven ? 'the pass phrase is empty' : 'give its pass phrase in user_pass',
    'ssh/pass-phrase-wrong': `try it: ssh-keygen -y -f ${path}`,
    'ssh/key-malformed': 'user_key must name a private key; its public half is not needed',
  };
  const hint = cause.hint ?? hints[cause.code];
  return new LatchkeyError(cause.code, `${quote(path)}: ${cause.message}`, {
    ...(hint === undefined ? {} : { hint }),
    details: { path },
    cause,
  });
}

function otherKey(path: string, keyPath: string): LatchkeyError {
  return unusable(
    `${quote(path)} is for another key than ${quote(keyPath)}`,
    `write the public half again: ssh-keygen -y -f ${keyPath} > ${keyPath}.pub`,
  );
}

function unusable(message: string, hint?: string): LatchkeyError {
  return new LatchkeyError('session/context-unusable', message, hint === undefined ? {} : { hint });
}
