import type { KeyObject } from 'node:crypto';
import { isLatchkeyError, Secret } from '../../kit/index.ts';
import { type Credential, isEncryptedKey, openPkcs12, openPrivateKey } from '../../x509/index.ts';
import { fail, type ToolContext } from './tool.ts';

const PROMPT = 'Enter GRID pass phrase for this identity:';

/** Asks on the terminal for the pass phrase of the user's own key. @throws ToolExit when nothing is entered */
export async function askKeyPassPhrase(context: ToolContext, prompt: string = PROMPT): Promise<Secret> {
  const secret = await context.askSecret(prompt);
  if (secret === undefined) throw fail('Error entering passphrase.');
  return secret;
}

/** How the pass phrase of a key is found. */
export interface KeyOpening {
  /** Read it from standard input instead of the terminal (`-pwstdin`, `-S`). */
  readonly fromStdin: boolean;
  readonly prompt?: string;
}

/**
 * Opens a key, asking for its pass phrase only if it has one.
 *
 * @returns undefined when the pass phrase is wrong or missing; what is wrong with standard input is printed
 */
export async function openOwnKey(
  context: ToolContext,
  pem: string,
  opening: KeyOpening,
): Promise<KeyObject | undefined> {
  if (!isEncryptedKey(pem)) return openPrivateKey(pem);
  return await openWithPassPhrase(context, opening, (secret) => openPrivateKey(pem, secret));
}

/** Opens a PKCS#12 file, as {@link openOwnKey} opens a key. */
export async function openOwnPkcs12(
  context: ToolContext,
  bytes: Buffer,
  opening: KeyOpening,
): Promise<Credential | undefined> {
  return await openWithPassPhrase(context, opening, (secret) => openPkcs12(bytes, secret));
}

async function openWithPassPhrase<Opened>(
  context: ToolContext,
  opening: KeyOpening,
  open: (passPhrase: Secret) => Promise<Opened>,
): Promise<Opened | undefined> {
  let secret: Secret | undefined;
  if (opening.fromStdin) {
    const line = await context.readLine();
    if (line === undefined) context.err('Failed to read pass-phrase from stdin\n');
    else secret = new Secret(line);
  } else secret = await context.askSecret(opening.prompt ?? PROMPT);
  if (secret === undefined) return undefined;
  try {
    return await open(secret);
  } catch (error) {
    if (isLatchkeyError(error, 'x509/pass-phrase-wrong')) return undefined;
    throw error;
  } finally {
    secret.wipe();
  }
}
