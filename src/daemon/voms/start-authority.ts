import { systemClock } from '../../kit/index.ts';
import { type Certificate, formatOneline } from '../../x509/index.ts';
import { LineFile } from '../line-file.ts';
import { listen } from '../listener.ts';
import { openLog } from '../log.ts';
import { serveAuthority } from './authority-connection.ts';
import type { AuthoritySettings } from './authority-settings.ts';
import { AuthorityState, memberCount } from './authority-state.ts';

/** An attribute authority that listens. */
export interface RunningAuthority {
  readonly address: { readonly host: string; readonly port: number };
  /** One-line subject of its certificate: what the `vomses` line has. */
  readonly dn: string;
  /** One-line name of the authority that issued it: the second line of the LSC file. */
  readonly issuer: string;
  readonly vo: string;
  /** How it calls itself in what it issues. */
  readonly host: string;
  readonly members: number;
  /** Reads membership and certificate again; what is bad leaves the old in force, is logged, and rejects. */
  reload(): Promise<void>;
  /** Stops listening, lets running answers end within `graceMs` (default 2,000), closes everything. */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts an attribute authority: one organisation, one port, both interfaces.
 *
 * @throws LatchkeyError when the settings cannot work
 */
export async function startAuthority(settings: AuthoritySettings): Promise<RunningAuthority> {
  const log = await openLog(settings.log, 'latchkey-voms');
  let audit: LineFile | undefined;
  const closeLogs = async (): Promise<void> => {
    await Promise.all([audit?.close(), log.close()]);
  };
  try {
    audit = settings.auditFile === undefined ? undefined : new LineFile(settings.auditFile);
    const state = await AuthorityState.open(settings, log, systemClock);
    const { limits } = settings;
    const service = { state, log, audit, clock: systemClock };
    const listener = await listen({
      host: settings.listen.host,
      port: settings.listen.port,
      maxConnections: limits.maxConnections,
      maxConnectionsPerAddress: limits.maxConnectionsPerAddress,
      settings: () => ({
        secureContext: state.credential.secureContext,
        requestTimeoutMs: limits.requestTimeoutSeconds * 1_000,
        maxMessageBytes: Number.POSITIVE_INFINITY,
      }),
      serve: (socket, connection) => serveAuthority(socket, connection, { ...service, port: listener.port }),
      log: (level, line) => log.write(level, line),
    });
    const { host, certificates } = state.authority(listener.port);
    log.write('info', `attributes of ${state.membership.vo} on ${listener.host}:${listener.port}`);
    let closing: Promise<void> | undefined;
    return {
      address: { host: listener.host, port: listener.port },
      dn: state.credential.dn,
      issuer: issuerOf(certificates),
      vo: state.membership.vo,
      host,
      get members() {
        return memberCount(state.membership);
      },
      reload: async () => {
        log.reopen();
        audit?.reopen();
        await state.reload();
      },
      close: (graceMs = 2_000) => {
        closing ??= listener.close(graceMs).then(closeLogs);
        return closing;
      },
    };
  } catch (error) {
    await closeLogs();
    throw error;
  }
}

function issuerOf([leaf]: readonly Certificate[]): string {
  return leaf === undefined ? '' : formatOneline(leaf.issuer);
}
