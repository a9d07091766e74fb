import { type Dirent, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CredmonSettings,
  isUserName,
  type LocalProvider,
  parseTop,
  readHeld,
  readStem,
  type TopFile,
} from '../../credmon/index.ts';
import type { LeaseDocument } from '../../daemon/index.ts';
import { type Held, type LeaseHistory, readKeeperJournal } from '../../keeper/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';

/** No credential file is longer. */
const MAX_FILE_BYTES = 256 << 10;

/** One file of the credential directory. */
export interface FoundCredentialFile {
  readonly mode: number;
  readonly uid: number;
  readonly modifiedAt: Date;
  /** `undefined` when it is no regular file, or may not be read. */
  readonly bytes: Buffer | undefined;
  readonly kind: 'file' | 'link' | 'other';
}

/** What lies in the directory under one name of one user. */
export interface StemFiles {
  readonly user: string;
  readonly stem: string;
  readonly top: FoundCredentialFile | undefined;
  readonly use: FoundCredentialFile | undefined;
  readonly meta: FoundCredentialFile | undefined;
  readonly topContents: TopFile | undefined;
  readonly held: Held | undefined;
}

/** All names of all users, or of one. Nothing is followed that is a symbolic link, and nothing is changed. */
export function* stemsIn(
  directory: string,
  onlyUser?: string,
): Generator<{ readonly user: string; readonly stem: string }> {
  const users =
    onlyUser === undefined
      ? list(directory)
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => name)
          .filter(isUserName)
          .sort()
      : [onlyUser];
  for (const user of users) {
    const stems = new Set<string>();
    for (const { name } of listUser(join(directory, user)))
      if (/\.(top|use)$/.test(name)) stems.add(name.slice(0, -4));
    for (const stem of [...stems].sort()) yield { user, stem };
  }
}

/** The files of one name. */
export function readStemFiles(directory: string, user: string, stem: string): StemFiles {
  const path = join(directory, user, stem);
  const top = readCredentialFile(`${path}.top`);
  const use = readCredentialFile(`${path}.use`);
  return {
    user,
    stem,
    top,
    use,
    meta: readCredentialFile(`${path}.meta`),
    topContents: top?.bytes === undefined ? undefined : parseTop(top.bytes.toString('utf8')),
    held:
      use?.bytes === undefined ? undefined : readHeld({ bytes: use.bytes, stats: lstatSync(`${path}.use`) }),
  };
}

/** The leases as the files and the journal tell them, when no monitor can be asked. */
export async function leasesFromFiles(
  settings: CredmonSettings,
  journalPath: string | undefined,
  onlyUser?: string,
): Promise<LeaseDocument[]> {
  const histories = await readHistories(journalPath);
  const leases: LeaseDocument[] = [];
  for (const { user, stem } of stemsIn(settings.directory, onlyUser)) {
    const names = readStem(stem, settings);
    const provider = names === undefined ? undefined : settings.providerOf(names.name);
    const files = readStemFiles(settings.directory, user, stem);
    if (provider === undefined || files.top === undefined) continue;
    const id = `${user}/${stem}`;
    leases.push(
      documentFrom({ id, owner: user, provider: names?.name ?? stem }, files.held, histories.get(id)),
    );
  }
  return leases;
}

/** The text of a local provider's group map; `undefined` when it names none. @throws LatchkeyError `config/invalid` */
export function groupMapOf({ groupMapFile }: LocalProvider): string | undefined {
  if (groupMapFile === undefined) return undefined;
  try {
    return readFileSync(groupMapFile, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new LatchkeyError('config/invalid', `cannot read the group map ${quote(groupMapFile)}: ${code}`, {
      cause,
    });
  }
}

/** The histories of a journal; none when there is no journal, or it may not be read. */
async function readHistories(journalPath: string | undefined): Promise<ReadonlyMap<string, LeaseHistory>> {
  if (journalPath === undefined) return new Map();
  return await readKeeperJournal(journalPath).catch(() => new Map<string, LeaseHistory>());
}

function documentFrom(
  lease: { readonly id: string; readonly owner: string; readonly provider: string },
  held: Held | undefined,
  history: LeaseHistory | undefined,
): LeaseDocument {
  const failures = history?.failures ?? 0;
  const failing = history?.needsAction === true ? 'needs-action' : 'retrying';
  const fine = held === undefined ? 'waiting' : 'current';
  const { lastError } = history ?? {};
  return {
    ...lease,
    kind: 'token',
    state: failures > 0 ? failing : fine,
    authority: '',
    credentialId: held?.id,
    issuedAt: held?.issuedAt.toISOString(),
    expiresAt: held?.expiresAt?.toISOString(),
    lastRenewedAt: timeText(history?.lastRenewedAt),
    nextAt: timeText(history?.nextAt),
    failures,
    lastError: lastError === undefined ? undefined : { ...lastError, at: lastError.at.toISOString() },
  };
}

function timeText(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
}

function readCredentialFile(path: string): FoundCredentialFile | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const isReadable = stats.isFile() && stats.size <= MAX_FILE_BYTES;
  const other = stats.isSymbolicLink() ? 'link' : 'other';
  return {
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    modifiedAt: stats.mtime,
    kind: stats.isFile() ? 'file' : other,
    bytes: isReadable ? readIfAllowed(path) : undefined,
  };
}

function readIfAllowed(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** @throws LatchkeyError `credmon/not-allowed`, `credmon/not-found` */
function list(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    throw cannotLook(path, cause);
  }
}

/** A user without a directory has no credentials. */
function listUser(path: string): Dirent[] {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
      ? readdirSync(path, { withFileTypes: true })
      : [];
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cannotLook(path, cause);
  }
}

function cannotLook(path: string, cause: unknown): LatchkeyError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  if (code === 'ENOENT')
    return new LatchkeyError('credmon/not-found', `there is no credential directory ${quote(path)}`, {
      hint: 'SEC_CREDENTIAL_DIRECTORY_OAUTH names it; HTCondor or the monitor makes it at its first start',
      cause,
    });
  return new LatchkeyError('credmon/not-allowed', `you may not look into ${quote(path)} (${code})`, {
    hint: 'the directory is for root and the condor group: ask with sudo; your own credentials are on the web page',
    cause,
  });
}
