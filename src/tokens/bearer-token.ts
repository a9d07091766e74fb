import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { LatchkeyError, quote, Secret, writeFileAtomic } from '../kit/index.ts';

/** Whose token is looked for. */
export interface BearerTokenPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user id. */
  readonly uid: number;
}

/** A token that was found, and where. */
export interface FoundToken {
  readonly token: Secret;
  /** `BEARER_TOKEN`, or the path of the file. */
  readonly origin: string;
}

const MAX_FILE_BYTES = 64 * 1024;
/** RFC 6750 §2.1. */
const B64TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * WLCG bearer token discovery: `BEARER_TOKEN`, the file of `BEARER_TOKEN_FILE`, `$XDG_RUNTIME_DIR/bt_u<uid>`,
 * `/tmp/bt_u<uid>`; the first that is not empty. In the last two a link or somebody else's file is refused, because anybody can
 * put one there.
 *
 * @throws LatchkeyError `tokens/not-found`; `tokens/malformed` when what is found is no token (nothing further is looked at);
 * `file/unsafe`, `file/io`
 */
export async function discoverToken({ env, uid }: BearerTokenPlace): Promise<FoundToken> {
  const given = checked(env.BEARER_TOKEN ?? '', 'BEARER_TOKEN');
  if (given !== undefined) return given;
  for (const { path, isNamed } of candidates(env, uid)) {
    const text = await readTokenFile(path, isNamed, uid);
    const found = text === undefined ? undefined : checked(text, path);
    if (found !== undefined) return found;
  }
  throw new LatchkeyError('tokens/not-found', 'there is no bearer token', {
    hint: `looked at BEARER_TOKEN, BEARER_TOKEN_FILE and ${bearerTokenPath({ env: { ...env, BEARER_TOKEN_FILE: '' }, uid })}`,
  });
}

/** Where a token of this user is written: `BEARER_TOKEN_FILE`, else `$XDG_RUNTIME_DIR/bt_u<uid>`, else `/tmp/bt_u<uid>`. */
export function bearerTokenPath({ env, uid }: BearerTokenPlace): string {
  return candidates(env, uid)[0]?.path ?? `/tmp/bt_u${uid}`;
}

/**
 * Writes a token with a line end, 0600, whole or not at all: a new file takes the name, so that a link that was planted there is
 * replaced and not followed.
 *
 * @returns the path
 * @throws LatchkeyError `file/io`
 */
export async function writeBearerToken(token: Secret, path: string): Promise<string> {
  await writeFileAtomic(path, Buffer.concat([token.reveal(), Buffer.from('\n')]));
  return path;
}

/** Reads a token file that somebody named. @throws LatchkeyError as {@link discoverToken} */
export async function readBearerToken(path: string): Promise<Secret> {
  const found = checked((await readTokenFile(path, true, 0)) ?? '', path);
  if (found !== undefined) return found.token;
  throw new LatchkeyError('tokens/not-found', `${quote(path)} is empty`);
}

/** Reads the text of a token as it stands in a file or variable; empty = `undefined`. @throws LatchkeyError `tokens/malformed` */
export function parseBearerToken(text: string, origin: string): Secret | undefined {
  return checked(text, origin)?.token;
}

interface Candidate {
  readonly path: string;
  /** True when the user said so, and links are his own business. */
  readonly isNamed: boolean;
}

function candidates(env: BearerTokenPlace['env'], uid: number): readonly Candidate[] {
  const { BEARER_TOKEN_FILE: file = '', XDG_RUNTIME_DIR: runtime = '' } = env;
  return [
    ...(file === '' ? [] : [{ path: file, isNamed: true }]),
    ...(runtime === '' ? [] : [{ path: `${runtime}/bt_u${uid}`, isNamed: false }]),
    { path: `/tmp/bt_u${uid}`, isNamed: false },
  ];
}

function checked(text: string, origin: string): FoundToken | undefined {
  // What C's isspace takes, which the convention names.
  const token = text.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '');
  if (token === '') return undefined;
  if (B64TOKEN.test(token)) return { token: new Secret(token), origin };
  throw new LatchkeyError('tokens/malformed', `what ${quote(origin)} holds is no bearer token`, {
    hint: 'one token of letters, digits and -._~+/ is expected there, and nothing else (RFC 6750)',
  });
}

/** `undefined` when there is none, unless somebody named it. */
async function readTokenFile(path: string, isNamed: boolean, uid: number): Promise<string | undefined> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (isNamed ? 0 : constants.O_NOFOLLOW);
  const file = await open(path, flags).catch((cause: NodeJS.ErrnoException) => {
    if (!isNamed && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) return undefined;
    if (cause.code === 'ELOOP') throw unsafe(path, 'it is a symbolic link');
    const code = cause.code === 'ENOENT' ? 'tokens/not-found' : 'file/io';
    throw new LatchkeyError(code, `cannot read the token file ${quote(path)}: ${cause.message}`, { cause });
  });
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw unsafe(path, 'it is no file');
    if (!isNamed && stats.uid !== uid) throw unsafe(path, `it belongs to user ${stats.uid}`);
    if (!isNamed && (stats.mode & 0o022) !== 0) throw unsafe(path, 'others may write it');
    if (stats.size > MAX_FILE_BYTES) throw unsafe(path, `it is longer than ${MAX_FILE_BYTES} bytes`);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_FILE_BYTES), 0, MAX_FILE_BYTES, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function unsafe(path: string, why: string): LatchkeyError {
  return new LatchkeyError('file/unsafe', `the token file ${quote(path)} is not read: ${why}`, {
    hint: 'remove it, or name the file you mean in BEARER_TOKEN_FILE',
  });
}
