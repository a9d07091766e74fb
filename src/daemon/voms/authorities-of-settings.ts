import { dirname, resolve } from 'node:path';
import type { ServerSettings } from '../settings.ts';
import { readConfig } from '../settings-file.ts';
import { AUTHORITY_DEFAULTS, type AuthoritySettings } from './authority-settings.ts';

/**
 * The attribute authorities that a configuration asks for in `[[voms]]`. What a section does not say is as for the MyProxy server:
 * address, certificate, trust directory, log and audit file.
 *
 * @param file a `latchkey.toml`; any other configuration file has no such section
 * @throws LatchkeyError `config/…`
 */
export async function loadAuthoritySettings(
  file: string,
  server: ServerSettings,
): Promise<readonly AuthoritySettings[]> {
  if (!file.endsWith('.toml')) return [];
  const { parseSettings } = await import('../settings-document.ts');
  const { voms = [] } = parseSettings(await readConfig(resolve(file)), file);
  const at = (path: string): string => resolve(dirname(resolve(file)), path);
  return voms.map((section, index) => ({
    membership: at(section.membership),
    listen: {
      ...server.listen,
      host: section.listen ?? server.listen.host,
      port: section.port ?? AUTHORITY_DEFAULTS.port + index,
    },
    host: section.host_name,
    credential:
      section.certificate === undefined
        ? server.credential
        : { certificate: at(section.certificate), key: at(section.key ?? section.certificate) },
    trustDirectory: server.trustDirectory,
    log: server.log,
    auditFile: server.auditFile,
    limits: AUTHORITY_DEFAULTS.limits,
  }));
}
