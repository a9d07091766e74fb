import type { ServerSettings } from './settings.ts';
/** A server that listens. */
export interface RunningServer {
  /** The address it listens on. */
  readonly address: { readonly host: string; readonly port: number };
  /** Reads the configuration, trust directory and own certificate again; a bad one leaves the old in force and rejects. */
  reload(): Promise<void>;
  /** Stops listening, lets running conversations end within `graceMs` (default 2,000), closes everything. */
  close(graceMs?: number): Promise<void>;
}
export function startServer(_settings: ServerSettings): Promise<RunningServer> {
  throw new Error('being written');
}
