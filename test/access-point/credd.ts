import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { preSubmitCheck } from './credd-check.ts';
import { type CredentialRequest, isAcceptedName, localPart, stemOf } from './credential-name.ts';
import type { Pool } from './pool.ts';
import { isStoredAsTop } from './provider-kind.ts';
import { removeTree } from './remove-tree.ts';
import { RESULT } from './results.ts';
import { RefusedFile, readSecureFile, writeByRename } from './secure-file.ts';

/** An ADD: `condor_store_cred add-oauth`. */
export interface StoreRequest extends CredentialRequest {
  readonly user: string;
  /** Who is asking; default the user. */
  readonly requester?: string | undefined;
  readonly content: string | Uint8Array;
  /** `refresh`: `.top`; `access` (`-P`): `.use`; absent: credd decides. */
  readonly as?: 'refresh' | 'access' | undefined;
}

/** Whose, and which. Without a service all of the user's are meant. */
export interface CredentialId extends Partial<CredentialRequest> {
  readonly user: string;
  readonly requester?: string | undefined;
}

/** A query's answer: a result code and the mtimes it reports. */
export interface QueryAnswer {
  readonly code: number;
  readonly times: Readonly<Record<string, number>>;
}

/** The pre-submit check's answer: one string to HTCondor, sorted here. */
export type CheckAnswer =
  | { readonly type: 'ok' }
  | { readonly type: 'visit'; readonly url: string }
  | { readonly type: 'error'; readonly text: string };

/** What condor_submit says when credd does not answer. */
export const COMMUNICATION_FAILURE = 'CRED: communication failure!';

/**
 * The credential daemon. It serves one pre-submit check at a time, and one that waits for a local token waits for ever:
 * meanwhile every other client gives up.
 */
export class Credd {
  readonly #pool: Pool;
  readonly #hangUp: (pid: number) => void;
  #pid: { readonly number: number; readonly readAt: number } | undefined;
  #busy: Promise<void> | undefined;
  #life = new AbortController();
  /** SIGHUPs it has sent. */
  hangUps = 0;

  /** @param hangUp sends SIGHUP; the real one signals whoever has the number */
  constructor(pool: Pool, hangUp: (pid: number) => void) {
    this.#pool = pool;
    this.#hangUp = hangUp;
  }

  /** ADD; a time above 100 once the completion file is there, else {@link RESULT}. */
  async store(request: StoreRequest): Promise<number> {
    const { user, service, handle = '', scopes = '', audience = '', content } = request;
    if (!this.#mayAct(request)) return RESULT.notAllowed;
    if (
      service === '' ||
      ![localPart(user), service, ...(handle === '' ? [] : [handle])].every(isAcceptedName)
    ) {
      return RESULT.badArguments;
    }
    const text = Buffer.from(content).toString('utf8');
    const vaultUrl = memberOf(text, 'vault_url');
    if (vaultUrl !== undefined && this.#pool.trustedVaultHosts !== undefined) {
      const host = URL.canParse(vaultUrl) ? new URL(vaultUrl).hostname : '';
      if (!this.#pool.trustedVaultHosts.includes(host)) return RESULT.untrustedHost;
    }
    const isTop =
      request.as === undefined
        ? vaultUrl !== undefined || isStoredAsTop(this.#pool, service)
        : request.as === 'refresh';
    let bytes: string | Uint8Array = content;
    if (isTop && (scopes !== '' || audience !== '')) {
      const members = parseObject(text);
      if (members === undefined) return RESULT.jsonParse;
      const asked = { ...(scopes === '' ? {} : { scopes }), ...(audience === '' ? {} : { audience }) };
      bytes = `${JSON.stringify({ ...asked, ...members, ...asked }, undefined, 2)}\n`;
    }
    this.unmark(user);
    this.makeUserDirectory(user);
    const stem = stemOf(service, handle);
    this.write(user, `${stem}${isTop ? '.top' : '.use'}`, bytes);
    return this.#awaitCompletion(user, stem);
  }

  /** QUERY: `.top` mtime, then scopes and audience, then `.use` mtime. */
  query(request: CredentialId): QueryAnswer {
    const { user, service, handle, scopes = '', audience = '' } = request;
    if (!this.#mayAct(request)) return { code: RESULT.notAllowed, times: {} };
    this.unmark(user);
    if (service === undefined || service === '') {
      const times = Object.fromEntries(
        listed(this.userDirectory(user))
          .filter((file) => /\.(top|use)$/.test(file))
          .map((file) => [file, mtime(this.path(user, file)) ?? 0]),
      );
      return { code: Object.keys(times).length > 0 ? RESULT.ok : RESULT.notFound, times };
    }
    const stem = stemOf(service, handle);
    const top = mtime(this.path(user, `${stem}.top`));
    const use = mtime(this.path(user, `${stem}.use`));
    const times = {
      ...(top === undefined ? {} : { [`${stem}.top`]: top }),
      ...(use === undefined ? {} : { [`${stem}.use`]: use }),
    };
    if (top === undefined) return { code: use ?? RESULT.notFound, times };
    const stored = this.storedRequest(user, stem);
    if (stored === 'unreadable') return { code: RESULT.failed, times };
    if (stored === 'not-json') return { code: RESULT.jsonParse, times };
    if (stored.scopes !== scopes || stored.audience !== audience) return { code: RESULT.mismatch, times };
    return { code: use ?? RESULT.pending, times };
  }

  /** DELETE: with a service `.top` and `.use` (never `.meta`), without one the whole directory. */
  remove(request: CredentialId): number {
    const { user, service, handle } = request;
    if (!this.#mayAct(request)) return RESULT.notAllowed;
    this.unmark(user);
    if (service === undefined || service === '') {
      if (!existsSync(this.userDirectory(user))) return RESULT.notFound;
      removeTree(this.userDirectory(user));
      return RESULT.ok;
    }
    const files = [`${stemOf(service, handle)}.top`, `${stemOf(service, handle)}.use`].map((file) =>
      this.path(user, file),
    );
    const there = files.filter((file) => existsSync(file));
    for (const file of there) rmSync(file, { force: true });
    return there.length > 0 ? RESULT.ok : RESULT.notFound;
  }

  /** GET_TOKEN (`htcondor credential get`): anyone's file, but without group and other bits. */
  token(user: string, service: string, handle?: string): Buffer {
    return readSecureFile(this.path(user, `${stemOf(service, handle)}.use`), { private: true });
  }

  /**
   * CHECK_CREDS, as condor_submit asks it. While another check waits, the client waits `clientPatienceMs` and gets
   * {@link COMMUNICATION_FAILURE}; the check itself goes on.
   */
  async check(user: string, requests: readonly CredentialRequest[]): Promise<CheckAnswer> {
    const failure: CheckAnswer = { type: 'error', text: COMMUNICATION_FAILURE };
    const patience = new AbortController();
    const tooLong = sleep(this.#pool.paces.clientPatienceMs, failure, { signal: patience.signal }).catch(
      () => failure,
    );
    try {
      while (this.#busy !== undefined) {
        const next = await Promise.race([this.#busy.then(() => undefined), tooLong]);
        if (next !== undefined) return next;
      }
      const answer = preSubmitCheck(this, this.#pool, localPart(user), requests, this.#life.signal);
      const turn = answer.then(
        () => {},
        () => {},
      );
      this.#busy = turn;
      void turn.then(() => {
        if (this.#busy === turn) this.#busy = undefined;
      });
      return await Promise.race([answer.catch(() => failure), tooLong]);
    } finally {
      patience.abort();
    }
  }

  /** True while a check waits and nobody else is served. */
  get isStuck(): boolean {
    return this.#busy !== undefined;
  }

  /** condor_restart of credd: the only way out of a check that waits. */
  restart(): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.#pid = undefined;
  }

  /** One sweep: marks that are old enough go, with the directories beside them; a "mark" that is a directory stays. */
  sweep(now = Date.now()): string[] {
    const swept: string[] = [];
    for (const name of listed(this.#pool.directory)) {
      if (!name.endsWith('.mark')) continue;
      const mark = join(this.#pool.directory, name);
      const { isFile, at } = markState(mark);
      if (!isFile || now - at < this.#pool.paces.sweepDelayMs) continue;
      const user = name.slice(0, -'.mark'.length);
      rmSync(mark, { force: true });
      removeTree(this.userDirectory(user));
      this.#pool.tell('credd', `swept ${user}/`);
      swept.push(user);
    }
    return swept;
  }

  /** Removes the user's mark: every command for a user does. */
  unmark(user: string): void {
    rmSync(join(this.#pool.directory, `${localPart(user)}.mark`), { force: true });
  }

  userDirectory(user: string): string {
    return join(this.#pool.directory, localPart(user));
  }

  path(user: string, file: string): string {
    return join(this.userDirectory(user), file);
  }

  /** `mkdir` 0700 as condor; the parent's setgid bit is inherited. */
  makeUserDirectory(user: string): void {
    const path = this.userDirectory(user);
    if (existsSync(path)) return;
    const { isRoot, condorUid, condorGid } = this.#pool.identities;
    mkdirSync(path, { mode: 0o700 });
    if (isRoot) chownSync(path, condorUid, condorGid);
  }

  /** Writes as root 0600 by `.tmp` and rename. */
  write(user: string, file: string, data: string | Uint8Array): void {
    const { isRoot, rootUid, condorGid } = this.#pool.identities;
    writeByRename(this.path(user, file), data, { mode: 0o600, uid: rootUid, gid: condorGid, isRoot });
    this.#pool.tell('credd', `wrote ${localPart(user)}/${file}`);
  }

  /** `scopes` and `audience` of a `.top`; no owner is demanded, but privacy is. */
  storedRequest(
    user: string,
    stem: string,
  ): { readonly scopes: string; readonly audience: string } | 'not-json' | 'unreadable' {
    let text: string;
    try {
      text = readSecureFile(this.path(user, `${stem}.top`), { private: true }).toString('utf8');
    } catch (error) {
      if (error instanceof RefusedFile) return 'unreadable';
      throw error;
    }
    const members = parseObject(text);
    if (members === undefined) return 'not-json';
    const read = (name: string): string => (typeof members[name] === 'string' ? members[name] : '');
    return { scopes: read('scopes'), audience: read('audience') };
  }

  /** SIGHUP to the pid in `pid`, which is read again only when the cache is old. */
  wakeMonitor(): void {
    const now = Date.now();
    if (this.#pid === undefined || now - this.#pid.readAt >= this.#pool.paces.pidCacheMs) {
      const number = readPid(join(this.#pool.directory, 'pid'));
      if (number === undefined) return;
      this.#pid = { number, readAt: now };
    }
    this.hangUps += 1;
    this.#pool.tell('credd', `SIGHUP to process ${this.#pid.number}`);
    this.#hangUp(this.#pid.number);
  }

  async #awaitCompletion(user: string, stem: string): Promise<number> {
    const file = this.path(user, `${stem}.use`);
    const { storePollMs, storeTries } = this.#pool.paces;
    for (let left = storeTries; left >= 0; left -= 1) {
      const time = mtime(file);
      if (time !== undefined) return time;
      if (left === storeTries) this.wakeMonitor();
      await sleep(storePollMs);
    }
    return RESULT.monitorTimeout;
  }

  #mayAct({ user, requester }: CredentialId): boolean {
    const asker = localPart(requester ?? user);
    return asker === localPart(user) || this.#pool.superUsers.includes(asker);
  }
}

function readPid(path: string): number | undefined {
  let text: string;
  try {
    if (statSync(path).size >= 256) return undefined;
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const number = Number.parseInt(text, 10);
  return number > 1 ? number : undefined;
}

function markState(path: string): { isFile: boolean; at: number } {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return { isFile: stats?.isFile() === true, at: stats?.mtimeMs ?? 0 };
}

function mtime(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? undefined : Math.floor(stats.mtimeMs / 1000);
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function memberOf(text: string, name: string): string | undefined {
  const value = parseObject(text)?.[name];
  return typeof value === 'string' ? value : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
