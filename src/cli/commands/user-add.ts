import { randomBytes } from 'node:crypto';
import { mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { issueUserCertificate, readAuthority } from '../../ca/index.ts';
import { findState, type StatePaths } from '../../daemon/index.ts';
import { LatchkeyError, quote, syncDirectory, writeFileAtomic } from '../../kit/index.ts';
import { formatCertificates, formatOneline, generateKeyPair, sealPrivateKey } from '../../x509/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import type { Command, Invocation } from './command.ts';
import { validityJson } from './facts.ts';
import { formatSpan } from './lifetime.ts';
import { stateUser } from './place.ts';
import { askNewKeyPassPhrase } from './secrets.ts';

/** `latchkey user add NAME`: a certificate from the state's authority, its key encrypted, below `users/NAME`. */
export const userAdd: Command = async (invocation) => {
  const { given, context } = invocation;
  const name = checkUserName(given.argument(0));
  const state = await requireState(invocation);
  const authority = await readAuthority(state.authority);
  if (authority === undefined)
    throw new LatchkeyError('config/missing', `${quote(state.authority)} holds no authority`);
  const user = stateUser(state, name);
  const directory = dirname(user.certificate);
  if (await stat(directory).catch(() => undefined)) {
    throw new LatchkeyError('cli/usage', `there is a user ${quote(name)} already`, {
      hint: `latchkey user revoke ${name} ends that certificate; or choose another name`,
    });
  }
  // The key is searched for while the pass phrase is typed.
  const making = generateKeyPair(
    given.flag('ec') ? { type: 'ec', curve: 'P-256' } : { type: 'rsa', bits: 2048 },
  );
  making.catch(() => {});
  const passPhrase = given.flag('no-pass-phrase')
    ? undefined
    : await askNewKeyPassPhrase(invocation, `the certificate of ${name}`);
  const keys = await making;
  const lifetimeSeconds = given.lifetime('lifetime') ?? 365 * 86_400;
  const certificate = await issueUserCertificate(authority, {
    commonName: given.text('cn') ?? name,
    publicKey: keys.publicKey,
    now: context.now(),
    lifetimeDays: (lifetimeSeconds === 0 ? 3650 * 86_400 : lifetimeSeconds) / 86_400,
  });
  const keyPem =
    passPhrase === undefined
      ? keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      : await sealPrivateKey(keys.privateKey, passPhrase);
  passPhrase?.wipe();
  const temporary = `${dirname(directory)}/.${name}.${randomBytes(6).toString('hex')}.tmp`;
  await mkdir(temporary, { mode: 0o700 });
  await writeFileAtomic(`${temporary}/userkey.pem`, keyPem, 0o600);
  await writeFileAtomic(`${temporary}/usercert.pem`, formatCertificates([certificate]), 0o600);
  // One rename: a user is there whole or not at all.
  await rename(temporary, directory);
  await syncDirectory(dirname(directory));
  const now = context.now();
  const subject = formatOneline(certificate.subject);
  return {
    json: {
      user: name,
      subject,
      certificate: user.certificate,
      key: user.key,
      encrypted: passPhrase !== undefined,
      ...validityJson(certificate.notBefore, certificate.notAfter, now),
    },
    lines: [
      `${name} is ${subject}, for ${formatSpan(secondsLeft(certificate.notAfter, now))}`,
      `  certificate  ${user.certificate}`,
      `  key          ${user.key}${passPhrase === undefined ? ', not encrypted' : ', encrypted'}`,
      `next: latchkey init -l ${name}`,
    ],
  };
};

/** The state directory here. @throws LatchkeyError `config/missing` */
export async function requireState({ given, context }: Invocation): Promise<StatePaths> {
  const state = await findState({
    directory: given.text('state'),
    env: context.env,
    cwd: process.cwd(),
    uid: context.uid,
  });
  if (state !== undefined) return state;
  throw new LatchkeyError('config/missing', 'there is no .latchkey state in this directory', {
    hint: 'latchkey serve makes one; --state DIR or LATCHKEY_STATE names one elsewhere',
  });
}

/** A user's name is the name of a folder. @throws LatchkeyError `cli/usage` */
export function checkUserName(name: string): string {
  if (/^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u.test(name)) return name;
  throw new LatchkeyError('cli/usage', `${quote(name)} cannot be a user's name`, {
    hint: 'up to 64 letters, digits and . _ @ -; --cn sets another name in the certificate',
  });
}
