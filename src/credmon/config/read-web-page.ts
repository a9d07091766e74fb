import { quote } from '../../kit/index.ts';
import { parseWebListen, WEB_PAGE_DEFAULTS, type WebPageSettings } from '../web-page.ts';
import type { KeyReader } from './key-reader.ts';

/** The web page as `LATCHKEY_WEB_…` say it; absent = this monitor serves none (another page, such as upstream's, may). */
export function readWebPage(read: KeyReader): WebPageSettings | undefined {
  const where = read.value('LATCHKEY_WEB_LISTEN');
  if (where === undefined) return undefined;
  const listen = parseWebListen(where.text);
  if (listen === undefined) {
    const message = `LATCHKEY_WEB_LISTEN: expected ADDRESS:PORT or unix:/PATH, but it is ${quote(where.text, 80)}; no page is served`;
    read.note('error', 'config/value', message, where);
    return undefined;
  }
  const certificateFile = read.path('LATCHKEY_WEB_CERTIFICATE');
  const keyFile = read.path('LATCHKEY_WEB_KEY') ?? certificateFile;
  return {
    listen,
    tls: certificateFile === undefined || keyFile === undefined ? undefined : { certificateFile, keyFile },
    behindProxy: read.boolean('LATCHKEY_WEB_BEHIND_PROXY') ?? false,
    demandsLocalProof: read.boolean('LATCHKEY_WEB_DEMAND_PROOF') ?? false,
    operators: read.list('LATCHKEY_WEB_OPERATORS') ?? WEB_PAGE_DEFAULTS.operators,
    signInDirectory: read.path('LATCHKEY_WEB_SIGN_IN_DIRECTORY') ?? WEB_PAGE_DEFAULTS.signInDirectory,
    myproxyStorage: read.path('LATCHKEY_WEB_MYPROXY_STORAGE'),
  };
}
