import { quote } from '../../kit/index.ts';
import { HOOK_EVENTS, type HookEventType, type ToldSettings, toldSettings } from '../told.ts';
import { parseWebListen } from '../web-page.ts';
import { RANGES } from './defaults.ts';
import type { KeyReader } from './key-reader.ts';

/** Status port and hooks as `LATCHKEY_CREDMON_…` say them. */
export function readTold(read: KeyReader): ToldSettings {
  return toldSettings({
    statusListen: statusListen(read),
    command: command(read),
    url: read.url('LATCHKEY_CREDMON_HOOK_URL'),
    tokenFile: read.path('LATCHKEY_CREDMON_HOOK_TOKEN_FILE'),
    caFile: read.path('LATCHKEY_CREDMON_HOOK_CA_FILE'),
    on: events(read),
    timeoutSeconds: read.integer(RANGES.timeout, 'LATCHKEY_CREDMON_HOOK_TIMEOUT'),
  });
}

function statusListen(read: KeyReader): ToldSettings['statusListen'] {
  const where = read.value('LATCHKEY_CREDMON_STATUS_LISTEN');
  if (where === undefined) return undefined;
  const listen = parseWebListen(where.text);
  if (listen !== undefined && 'host' in listen) return listen;
  const message = `LATCHKEY_CREDMON_STATUS_LISTEN: expected ADDRESS:PORT, but it is ${quote(where.text, 80)}; nothing listens`;
  read.note('error', 'config/value', message, where);
  return undefined;
}

/** Split at blanks: a program with blanks in its arguments needs a script around it. */
function command(read: KeyReader): readonly string[] | undefined {
  const given = read.value('LATCHKEY_CREDMON_HOOK_COMMAND');
  if (given === undefined || given.text.startsWith('/')) return given?.text.split(/\s+/);
  const message = `LATCHKEY_CREDMON_HOOK_COMMAND: expected the absolute path of a program, but it is ${quote(given.text, 80)}; it is not run`;
  read.note('error', 'config/value', message, given);
  return undefined;
}

function events(read: KeyReader): readonly HookEventType[] | undefined {
  const words = read.list('LATCHKEY_CREDMON_HOOK_ON');
  const unknown = words?.find((word) => !HOOK_EVENTS.some((event) => event === word));
  if (unknown !== undefined)
    read.note(
      'error',
      'config/value',
      `LATCHKEY_CREDMON_HOOK_ON: expected ${HOOK_EVENTS.join(', ')}, not ${quote(unknown, 40)}`,
      'LATCHKEY_CREDMON_HOOK_ON',
    );
  return words === undefined ? undefined : HOOK_EVENTS.filter((event) => words.includes(event));
}
