import { generateKeyPair, type KeyObject } from 'node:crypto';
import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LatchkeyError, quote, writeFileAtomic } from '../kit/index.ts';
import type { TokenAlgorithm } from './algorithm.ts';
import { readSigningKey, type SigningKeyFileOptions } from './key-file.ts';
import { thumbprint } from './key-id.ts';
import { type RingEntry, type ScheduledKey, scheduleKeys } from './key-ring-schedule.ts';
import { makePublishedKey } from './published-key.ts';
import { makeSigningKey, type SigningKey } from './signing-key.ts';
import type { SigningKeys } from './signing-keys.ts';

/** A key of a ring. */
export interface RingKey extends RingEntry {
  readonly key: SigningKey;
  readonly createdAt: Date;
  /** Name of its file in the ring's directory. */
  readonly file: string;
}

/** A directory with the keys of one issuer: private keys in PEM (0600) and `ring.json`, which says from when each one signs. */
export interface KeyRing {
  readonly directory: string;
  readonly keys: readonly RingKey[];
  /** Seconds that a key is published before it signs. */
  readonly aheadSeconds: number;
  /** Seconds that a key stays published after it has signed its last token. */
  readonly keepSeconds: number;
}

/** How a ring is made. */
export interface KeyRingOptions {
  /** Default ES256. */
  readonly algorithm?: TokenAlgorithm | undefined;
  /** Default the thumbprint. */
  readonly keyId?: string | undefined;
  readonly aheadSeconds?: number | undefined;
  readonly keepSeconds?: number | undefined;
}

const INDEX = 'ring.json';
const MAX_INDEX_BYTES = 256 * 1024;
const MAX_KEYS = 100;
/** Two days: the time after which verifiers of the WLCG profile give a cached key up. */
const DEFAULT_SECONDS = 2 * 86_400;

/** Makes a ring with one key, which signs at once. The directory is made (0700) or must be empty. @throws LatchkeyError `tokens/key`, `file/io` */
export async function createKeyRing(
  directory: string,
  now: Date,
  options: KeyRingOptions = {},
): Promise<KeyRing> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readdir(directory)).length > 0) {
    throw new LatchkeyError('tokens/key', `the directory ${quote(directory)} is not empty`, {
      hint: 'latchkey key rotate adds a key to a ring; a new ring wants a directory of its own',
    });
  }
  const ring: KeyRing = {
    directory,
    keys: [],
    aheadSeconds: options.aheadSeconds ?? DEFAULT_SECONDS,
    keepSeconds: options.keepSeconds ?? DEFAULT_SECONDS,
  };
  return await addKey(ring, now, now, options);
}

/**
 * Adds a key that is published now and signs after the ring's `aheadSeconds`, and takes away what is retired.
 *
 * @param options `isAtOnce`: it signs now, for a key that was stolen or lost; verifiers that keep keys refuse its tokens for a while
 * @throws LatchkeyError `tokens/key` when a key is waiting to sign already
 */
export async function rotateKeyRing(
  directory: string,
  now: Date,
  options: Pick<KeyRingOptions, 'algorithm' | 'keyId'> & { readonly isAtOnce?: boolean } = {},
): Promise<KeyRing> {
  const ring = await loadKeyRing(directory);
  const schedule = scheduleOf(ring, now);
  const waiting = schedule.find(({ state }) => state === 'upcoming');
  if (waiting !== undefined && options.isAtOnce !== true) {
    throw new LatchkeyError(
      'tokens/key',
      `the key ${quote(waiting.entry.keyId)} is waiting to sign from ${waiting.entry.signsFrom.toISOString()} on`,
      { hint: 'one rotation at a time; --at-once does not wait' },
    );
  }
  const retired = schedule.filter(({ state }) => state === 'retired').map(({ entry }) => entry);
  const signsFrom = options.isAtOnce === true ? now : new Date(now.getTime() + ring.aheadSeconds * 1000);
  const algorithm =
    options.algorithm ?? schedule.find(({ state }) => state === 'signing')?.entry.key.algorithm;
  const rest = { ...ring, keys: ring.keys.filter((key) => !retired.includes(key)) };
  const rotated = await addKey(rest, now, signsFrom, { ...options, algorithm });
  // After the index, which names them no longer: a crash here leaves a file that nobody reads.
  for (const { file } of retired) await unlink(join(directory, file)).catch(() => {});
  return rotated;
}

/** Reads a ring. @throws LatchkeyError `tokens/key`, `file/unsafe`, `file/io` */
export async function loadKeyRing(
  directory: string,
  { onOpenToOthers }: Pick<SigningKeyFileOptions, 'onOpenToOthers'> = {},
): Promise<KeyRing> {
  const path = join(directory, INDEX);
  const document = parseIndex(await readIndex(path), path);
  const keys: RingKey[] = [];
  for (const { keyId, file, createdAt, signsFrom } of document.keys) {
    const key = await readSigningKey(join(directory, file), { keyId, onOpenToOthers });
    keys.push({ keyId, file, createdAt, signsFrom, key });
  }
  return { directory, keys, aheadSeconds: document.aheadSeconds, keepSeconds: document.keepSeconds };
}

/** The state of every key of a ring. */
export function scheduleOf(ring: KeyRing, now: Date): readonly ScheduledKey<RingKey>[] {
  return scheduleKeys(ring.keys, ring.keepSeconds, now);
}

/** A ring as the keys of an issuer. */
export function keysOfRing(ring: KeyRing): SigningKeys {
  return {
    signingKey: (now) => {
      const found = scheduleOf(ring, now).find(({ state }) => state === 'signing');
      if (found !== undefined) return found.entry.key;
      throw new LatchkeyError('tokens/key', `the key ring ${quote(ring.directory)} is empty`);
    },
    published: (now) =>
      scheduleOf(ring, now)
        .filter(({ state }) => state !== 'retired')
        .map(({ entry }) => makePublishedKey(entry.key.privateKey, entry.keyId)),
  };
}

/** Makes a private key for an algorithm. */
export async function generateSigningKey(algorithm: TokenAlgorithm): Promise<KeyObject> {
  const make = promisify(generateKeyPair);
  if (algorithm === 'ES256') return (await make('ec', { namedCurve: 'P-256' })).privateKey;
  if (algorithm === 'EdDSA') return (await make('ed25519', {})).privateKey;
  return (await make('rsa', { modulusLength: 2048 })).privateKey;
}

async function addKey(ring: KeyRing, now: Date, signsFrom: Date, options: KeyRingOptions): Promise<KeyRing> {
  const privateKey = await generateSigningKey(options.algorithm ?? 'ES256');
  const key = makeSigningKey(privateKey, options.keyId);
  if (ring.keys.some(({ keyId }) => keyId === key.keyId)) {
    throw new LatchkeyError('tokens/key', `the ring has a key called ${quote(key.keyId)} already`);
  }
  const file = `${thumbprint(privateKey)}.pem`;
  await writeFileAtomic(join(ring.directory, file), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const keys = [...ring.keys, { keyId: key.keyId, key, file, createdAt: now, signsFrom }];
  const added = { ...ring, keys };
  await writeFileAtomic(join(ring.directory, INDEX), formatIndex(added));
  return added;
}

function formatIndex({ keys, aheadSeconds, keepSeconds }: KeyRing): string {
  const entries = keys.map(({ keyId, file, key, createdAt, signsFrom }) => ({
    keyId,
    algorithm: key.algorithm,
    file,
    createdAt: createdAt.toISOString(),
    signsFrom: signsFrom.toISOString(),
  }));
  return `${JSON.stringify({ version: 1, aheadSeconds, keepSeconds, keys: entries }, null, 2)}\n`;
}

interface Index {
  readonly aheadSeconds: number;
  readonly keepSeconds: number;
  readonly keys: readonly (RingEntry & { readonly file: string; readonly createdAt: Date })[];
}

async function readIndex(path: string): Promise<string> {
  const stats = await stat(path).catch((cause: unknown) => {
    throw new LatchkeyError('tokens/key', `there is no ${quote(path)}: this directory is no key ring`, {
      cause,
      hint: 'latchkey key create DIR makes one',
    });
  });
  if (stats.size > MAX_INDEX_BYTES) throw malformed(path, 'it is too long');
  return await readFile(path, 'utf8');
}

function parseIndex(text: string, path: string): Index {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed(path, 'it is no JSON');
  }
  const { version, aheadSeconds, keepSeconds, keys } = Object(document) as Record<string, unknown>;
  if (version !== 1) throw malformed(path, 'its version is not 1');
  if (!isSeconds(aheadSeconds) || !isSeconds(keepSeconds)) throw malformed(path, 'its times are no seconds');
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS) {
    throw malformed(path, `it needs 1 to ${MAX_KEYS} keys`);
  }
  return { aheadSeconds, keepSeconds, keys: keys.map((entry) => parseEntry(entry, path)) };
}

function parseEntry(entry: unknown, path: string): Index['keys'][number] {
  const { keyId, file, createdAt, signsFrom } = Object(entry) as Record<string, unknown>;
  const [created, signs] = [new Date(String(createdAt)), new Date(String(signsFrom))];
  const isFile = typeof file === 'string' && /^[A-Za-z0-9_-]{1,100}\.pem$/.test(file);
  if (typeof keyId !== 'string' || !isFile || Number.isNaN(created.getTime() + signs.getTime())) {
    throw malformed(path, 'one of its keys is incomplete');
  }
  return { keyId, file, createdAt: created, signsFrom: signs };
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 366 * 86_400;
}

function malformed(path: string, why: string): LatchkeyError {
  return new LatchkeyError('tokens/key', `cannot read the key ring ${quote(path)}: ${why}`);
}
