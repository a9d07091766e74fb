import { isAbsolute } from 'node:path';
import { parseWebListen, type ToldSettings, toldSettings } from '../credmon/index.ts';
import { LatchkeyError, quote } from '../kit/index.ts';
import { isSafeHookUrl } from './observe/index.ts';
import type { CredmonSection } from './settings-schema.ts';

/**
 * Status port and hooks as `[credmon.told]` says them.
 *
 * @throws LatchkeyError `config/invalid`
 */
export function told(
  section: CredmonSection['told'],
  at: (path: string | undefined) => string | undefined,
): ToldSettings {
  const { status_listen: where, hook_command: command, hook_url: url } = section ?? {};
  if (url !== undefined && !isSafeHookUrl(url))
    throw invalid('hook_url: expected an https URL, or an http URL of this machine');
  if (command?.[0] !== undefined && !isAbsolute(command[0]))
    throw invalid(`hook_command: expected the absolute path of a program, not ${quote(command[0], 80)}`);
  return toldSettings({
    statusListen: where === undefined ? undefined : listenOf(where),
    command,
    url,
    tokenFile: at(section?.hook_token_file),
    caFile: at(section?.hook_ca_file),
    on: section?.hook_on,
    timeoutSeconds: section?.hook_timeout,
  });
}

function listenOf(where: string): ToldSettings['statusListen'] {
  const listen = parseWebListen(where);
  if (listen !== undefined && 'host' in listen) return listen;
  throw invalid(`status_listen: expected ADDRESS:PORT, but it is ${quote(where, 80)}`);
}

function invalid(what: string): LatchkeyError {
  return new LatchkeyError('config/invalid', `credmon.told.${what}`);
}
