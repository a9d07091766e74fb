import {
  isLatchkeyError,
  isSealedText,
  LatchkeyError,
  openText,
  type SealingKeys,
  Secret,
  sealText,
} from '../../kit/index.ts';
import type { CredentialDirectory } from '../directory.ts';
import { type PreparedFile, prepareFile, sameOwner } from '../directory-durable.ts';
import { inUserDirectory } from '../directory-files.ts';
import { type MetaFile, parseMeta } from '../meta-file.ts';
import { type FileStamp, stampFrom } from '../scan.ts';
import { formatTop, parseTop, type TopFile } from '../top-file.ts';
import type { RescuedTokens } from './rescued-tokens.ts';

/** What a source needs to read and replace long-lived secrets. */
export interface StoredTokenOptions {
  readonly directory: CredentialDirectory;
  /** Opens what is sealed. */
  readonly sealing?: SealingKeys | undefined;
  /** Seal what is written. */
  readonly isSealing: boolean;
  readonly rescued?: RescuedTokens | undefined;
  /** Called before a `.top` is replaced; what it gives back is called afterwards. */
  begin(user: string, stem: string): () => void;
  /** A `.top` was written by us. */
  rotated(user: string, stem: string, stamp: FileStamp): void;
}

type JsonTop = Extract<TopFile, { kind: 'json' }>;

/** A long-lived secret as it lies in a user's directory. */
export interface StoredToken {
  readonly user: string;
  readonly stem: string;
  readonly top: JsonTop;
  readonly stamp: FileStamp;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly meta: MetaFile | undefined;
  /** Opened; `undefined` when there is none. */
  readonly refreshToken: Secret | undefined;
}

/** Room beyond the present size: a server may answer with a longer token. */
const SPARE_BYTES = 8192;

/**
 * Reads `.top` and `.meta`. A refresh token that could not be written when it was new (a full disk) comes before that in `.top`.
 *
 * @throws LatchkeyError `credmon/not-found`, `credmon/file-malformed`, `sealing/key`, `sealing/damaged`
 */
export async function readStoredToken(
  options: StoredTokenOptions,
  user: string,
  stem: string,
): Promise<StoredToken> {
  const files = inUserDirectory(options.directory, user, (opened) => ({
    top: opened.read(`${stem}.top`),
    meta: opened.read(`${stem}.meta`),
  }));
  if (files?.top === undefined) {
    throw new LatchkeyError('credmon/not-found', `${user}/${stem}.top is gone, or cannot be read`, {
      hint: 'files that credd has stored are root’s: the monitor must run as root to read them',
    });
  }
  const top = parseTop(files.top.bytes.toString('utf8'));
  if (top.kind !== 'json') {
    throw new LatchkeyError('credmon/file-malformed', `${user}/${stem}.top is not JSON`, {
      hint: 'remove it (condor_store_cred delete-oauth) and log in again',
    });
  }
  const stamp = stampFrom(files.top.stats);
  const written = top.refreshToken?.isEmpty === true ? undefined : top.refreshToken;
  const rescued = await options.rescued?.load(user, stem, stamp);
  return {
    user,
    stem,
    top,
    stamp,
    owner: sameOwner(files.top.stats),
    meta: files.meta === undefined ? undefined : parseMeta(files.meta.bytes.toString('utf8')),
    refreshToken: rescued ?? (written === undefined ? undefined : openSealed(written, options, user, stem)),
  };
}

/**
 * Takes the room that a new secret will need, before a server is asked for it.
 *
 * @throws LatchkeyError `sealing/key` when it would have to be sealed, and there is no key; `file/io`
 */
export async function prepareRotation(
  options: StoredTokenOptions,
  stored: StoredToken,
): Promise<PreparedFile> {
  const { user, stem, stamp, owner } = stored;
  if (options.isSealing && options.sealing === undefined) throw withoutSealingKey();
  return prepareFile(options.directory, user, `${stem}.top`, stamp.size + SPARE_BYTES, { owner });
}

/**
 * Makes a new refresh token durable in the place of the old one; afterwards only it is used. When the user has logged in anew
 * meanwhile, that stands; when the disk fails, the token goes to the state directory and is tried again later.
 *
 * @param members of `.top`, where a mode has others than those that are there
 * @throws LatchkeyError `credmon/not-found` when the credential was deleted or replaced meanwhile; `file/io` when nothing can hold it
 */
export async function commitRotation(
  options: StoredTokenOptions,
  stored: StoredToken,
  prepared: PreparedFile,
  refreshToken: Secret,
  members: JsonTop['members'] = stored.top.members,
): Promise<void> {
  const { user, stem, top, stamp } = stored;
  const contents = formatTop({
    refreshToken: sealed(refreshToken, options, user, stem),
    scopes: top.scopes,
    audience: top.audience,
    members,
  });
  // A scan that comes between rename and the disk's answer must not take the file for a new login.
  const end = options.begin(user, stem);
  try {
    const outcome = await prepared.commit(contents.reveal(), stamp);
    if (outcome.result !== 'written') throw overtaken(stored, outcome.result);
    options.rotated(user, stem, outcome.stamp);
  } catch (error) {
    if (options.rescued === undefined || isLatchkeyError(error, 'credmon/not-found')) throw error;
    await options.rescued.save(user, stem, stamp, refreshToken);
    return;
  } finally {
    end();
  }
  await options.rescued?.remove(user, stem);
}

/** Refresh tokens are to be sealed: then none is written in clear because the key cannot be had. */
export function withoutSealingKey(): LatchkeyError {
  return new LatchkeyError(
    'sealing/key',
    'refresh tokens are to be sealed, and there is no key to seal them with',
    {
      hint: 'the monitor needs its state directory (LATCHKEY_CREDMON_STATE): its log says what is wrong with it',
    },
  );
}

function overtaken({ user, stem }: StoredToken, by: string): LatchkeyError {
  return new LatchkeyError('credmon/not-found', `${user}/${stem} was ${by} while it was renewed`);
}

/** The secret itself, whether it was sealed or not. */
export function openSealed(
  text: Secret,
  { sealing }: Pick<StoredTokenOptions, 'sealing'>,
  user: string,
  stem: string,
): Secret {
  const value = text.revealText();
  if (!isSealedText(value)) return text;
  if (sealing !== undefined) return openText(sealing, value, [user, stem]);
  throw new LatchkeyError(
    'sealing/key',
    `the refresh token of ${user}/${stem} is sealed, and there is no key to open it`,
    {
      hint: 'give the monitor the state directory that it was sealed with (LATCHKEY_CREDMON_STATE)',
    },
  );
}

function sealed(
  token: Secret,
  { sealing, isSealing }: StoredTokenOptions,
  user: string,
  stem: string,
): Secret {
  return isSealing && sealing !== undefined ? new Secret(sealText(sealing, token, [user, stem])) : token;
}
