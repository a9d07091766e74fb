import {
  type AuthoritySettings,
  loadAuthoritySettings,
  type RunningAuthority,
  type RunningServer,
  type ServerSettings,
  startAuthority,
} from '../../daemon/index.ts';
import { counted, isLatchkeyError } from '../../kit/index.ts';
import type { Invocation } from './command.ts';

/** The attribute authorities beside a server. */
export interface Authorities {
  /** Those that serve at this moment, in the order they were started. */
  readonly running: readonly RunningAuthority[];
  /** Reads the configuration of the server, its sections of authorities, and every membership file, again. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** What they stand beside, and how its settings are read again. */
interface Beside {
  readonly server: Pick<RunningServer, 'reload' | 'log'>;
  readonly settings: ServerSettings;
  readonly reread: () => Promise<ServerSettings>;
}

/** Starts the authorities of `[[voms]]`. One that cannot start is told and no more: the others, and proxies, are served all the same. */
export async function startAuthorities(
  { note }: Invocation,
  config: string,
  { server, settings, reread }: Beside,
): Promise<Authorities> {
  const tell: Tell = (level, line, hint) => {
    const remedy = hint === undefined ? '' : ` (${hint})`;
    server.log(level, `VOMS: ${line}${remedy}`);
    note(`  ${level === 'error' ? '✘' : '✔'} VOMS: ${line}${remedy}`);
  };
  const running = new Map<string, Served>();
  for (const wanted of await loadAuthoritySettings(config, settings)) {
    const authority = await attempt(tell, wanted);
    if (authority !== undefined) running.set(keyOf(wanted), { wanted, authority });
  }
  return {
    get running() {
      return [...running.values()].map(({ authority }) => authority);
    },
    reload: async () => {
      const results = await Promise.allSettled([
        server.reload(),
        change(tell, running, async () => loadAuthoritySettings(config, await reread())),
      ]);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
    close: async () => {
      await Promise.all([...running.values()].map(({ authority }) => authority.close()));
    },
  };
}

/** To the log, and to who is watching. */
type Tell = (level: 'info' | 'error', line: string, hint?: string) => void;

interface Served {
  readonly wanted: AuthoritySettings;
  readonly authority: RunningAuthority;
}

/**
 * Makes what runs what the sections say now. A section that is as before keeps its port and its connections; one that was changed and
 * cannot start leaves the old one in force.
 */
async function change(
  tell: Tell,
  running: Map<string, Served>,
  read: () => Promise<readonly AuthoritySettings[]>,
): Promise<void> {
  const wanted = new Map((await read()).map((settings) => [keyOf(settings), settings]));
  const kept = [...running].filter(([key]) => wanted.has(key));
  const left = new Map([...running].filter(([key]) => !wanted.has(key)));
  const errors: unknown[] = [];
  for (const [, { authority }] of kept)
    await authority.reload().catch((error: unknown) => errors.push(error));
  for (const [key, settings] of wanted) {
    if (running.has(key)) continue;
    const before = [...left].find(([, old]) => isSamePlace(old.wanted, settings));
    const started = await replace(tell, settings, before?.[1]);
    if (before !== undefined) left.delete(before[0]);
    if (before !== undefined && started?.wanted !== before[1].wanted) running.delete(before[0]);
    if (started === undefined) continue;
    running.set(keyOf(started.wanted), started);
    if (started.wanted === settings) tell('info', authorityText(started.authority));
  }
  for (const [key, { authority }] of left) {
    running.delete(key);
    await authority.close();
    tell('info', `${authority.vo} is not served any more`);
  }
  if (errors.length > 0) throw errors[0];
}

/** Starts an authority where another one is, which makes way for it, and comes back if this one cannot start. */
async function replace(
  tell: Tell,
  settings: AuthoritySettings,
  before: Served | undefined,
): Promise<Served | undefined> {
  await before?.authority.close();
  const authority = await attempt(tell, settings);
  if (authority !== undefined) return { wanted: settings, authority };
  if (before === undefined) return undefined;
  const old = await attempt(tell, before.wanted);
  return old === undefined ? undefined : { wanted: before.wanted, authority: old };
}

async function attempt(tell: Tell, wanted: AuthoritySettings): Promise<RunningAuthority | undefined> {
  try {
    return await startAuthority(wanted);
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    tell('error', `${wanted.membership} is not served: ${error.message}`, error.hint);
    return undefined;
  }
}

/** Two sections are the same when everything in them is. */
function keyOf(settings: AuthoritySettings): string {
  return JSON.stringify(settings);
}

function isSamePlace(a: AuthoritySettings, b: AuthoritySettings): boolean {
  const isSamePort = a.listen.port === b.listen.port && a.listen.port !== 0;
  return isSamePort || a.membership === b.membership;
}

/** `testvo on 127.0.0.1:15000, 2 members` */
export function authorityText({ vo, address, members }: RunningAuthority): string {
  return `${vo} on ${address.host}:${address.port}, ${counted(members, 'member')}`;
}
