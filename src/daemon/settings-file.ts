import type { ServerSettings } from './settings.ts';
/** Reads `latchkey.toml`, or a legacy `myproxy-server.config` (any file whose name does not end in `.toml`). */
export function loadSettings(_path: string): Promise<ServerSettings> {
  throw new Error('being written');
}
