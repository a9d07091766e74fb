import {
  loadAuthoritySettings,
  type RunningAuthority,
  type RunningServer,
  type ServerSettings,
  startAuthority,
} from '../../daemon/index.ts';
import { isLatchkeyError } from '../../kit/index.ts';
import type { Invocation } from './command.ts';

/** The attribute authorities beside a server. */
export interface Authorities {
  readonly running: readonly RunningAuthority[];
  /** Reads the configuration of the server, and every membership file, again. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the authorities of `[[voms]]`. One that cannot start is told and no more: the others, and proxies, are served all the same. */
export async function startAuthorities(
  { note }: Invocation,
  config: string,
  { server, settings }: { readonly server: RunningServer; readonly settings: ServerSettings },
): Promise<Authorities> {
  const running: RunningAuthority[] = [];
  for (const wanted of await loadAuthoritySettings(config, settings)) {
    try {
      running.push(await startAuthority(wanted));
    } catch (error) {
      if (!isLatchkeyError(error)) throw error;
      note(`  ✘ VOMS: ${wanted.membership} is not served: ${error.message}`);
      if (error.hint !== undefined) note(`    hint: ${error.hint}`);
    }
  }
  return {
    running,
    reload: async () => {
      const results = await Promise.allSettled([server, ...running].map((one) => one.reload()));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
    close: async () => {
      await Promise.all(running.map((authority) => authority.close()));
    },
  };
}

/** `testvo on 127.0.0.1:15000, 2 members` */
export function authorityText({ vo, address, members }: RunningAuthority): string {
  return `${vo} on ${address.host}:${address.port}, ${members} ${members === 1 ? 'member' : 'members'}`;
}
