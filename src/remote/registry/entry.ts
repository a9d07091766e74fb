import { LatchkeyError, quote } from '../../kit/index.ts';
import { parsePyroUri } from '../../pyro/index.ts';
import { type EntrySignature, verifyEntry } from './entry-signature.ts';

/** What is registered under a name. */
export interface RegistryEntry {
  readonly name: string;
  /** `PYRO:object@host:port`. */
  readonly uri: string;
  readonly tags: readonly string[];
  /** Without a heartbeat in that time the entry goes; absent: it stays until it is removed. */
  readonly leaseSeconds?: number;
  /** By whom it was written, when that is told. */
  readonly signature?: EntrySignature;
}

/** The name under which a name server is known to its own clients. */
export const NAME_SERVER_NAME = 'Pyro.NameServer';

const MAX_NAME = 255;
const MAX_TAGS = 64;
const MAX_URI = 4096;
/** Characters that are not seen, or change how others are: a name with them would pass for another's. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** They would forge lines in what lists the names; half a surrogate pair could not be written, and nothing be listed any more. */
const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
const MIN_LEASE_SECONDS = 1;
export const MAX_LEASE_SECONDS = 86_400;

/**
 * @throws LatchkeyError `remote/name-invalid`, `remote/signature` for a signature that is not of this entry
 */
export function checkedEntry(entry: RegistryEntry): RegistryEntry {
  const { name, uri, leaseSeconds } = entry;
  if (name === '' || name.length > MAX_NAME || UNSEEN.test(name))
    throw invalid(
      `a name is 1 to ${MAX_NAME} characters without control or invisible ones, not ${quote(name, 60)}`,
    );
  if (name !== name.normalize('NFKC'))
    throw invalid(`the name ${quote(name, 60)} reads as another: write ${quote(name.normalize('NFKC'), 60)}`);
  if (name === NAME_SERVER_NAME) throw invalid(`${NAME_SERVER_NAME} is the registry itself`);
  if (uri.length > MAX_URI) throw invalid(`the URI of ${quote(name)} is longer than ${MAX_URI} characters`);
  if (CONTROL.test(uri)) throw invalid(`${quote(uri, 60)} has control characters, and is no URI`);
  try {
    parsePyroUri(uri);
  } catch (cause) {
    throw new LatchkeyError('remote/name-invalid', (cause as Error).message, { cause });
  }
  const tags = checkedTags(entry.tags);
  if (leaseSeconds !== undefined && !(leaseSeconds >= MIN_LEASE_SECONDS && leaseSeconds <= MAX_LEASE_SECONDS))
    throw invalid(`a lease is ${MIN_LEASE_SECONDS} to ${MAX_LEASE_SECONDS} seconds, not ${leaseSeconds}`);
  const checked = { ...entry, tags };
  if (entry.signature !== undefined && !verifyEntry(checked))
    throw new LatchkeyError('remote/signature', `the signature of ${quote(name)} is not of this entry`, {
      hint: 'sign name, URI, tags and lease as they are registered',
    });
  return checked;
}

/** @throws LatchkeyError `remote/name-invalid` */
export function checkedTags(tags: readonly string[]): readonly string[] {
  const unique = [...new Set(tags)].sort();
  if (unique.length > MAX_TAGS) throw invalid(`an entry has at most ${MAX_TAGS} tags, not ${unique.length}`);
  for (const tag of unique)
    if (tag === '' || tag.length > MAX_NAME || CONTROL.test(tag))
      throw invalid(`a tag is 1 to ${MAX_NAME} characters without control ones, not ${quote(tag, 60)}`);
  return unique;
}

function invalid(message: string): LatchkeyError {
  return new LatchkeyError('remote/name-invalid', message);
}
