import { parseWebListen, WEB_PAGE_DEFAULTS, type WebPageSettings } from '../credmon/index.ts';
import { LatchkeyError, quote } from '../kit/index.ts';
import type { CredmonSection } from './settings-schema.ts';

/**
 * The web page as `[credmon.web]` says it.
 *
 * @throws LatchkeyError `config/invalid`
 */
export function webPage(
  section: CredmonSection['web'],
  at: (path: string | undefined) => string | undefined,
): WebPageSettings | undefined {
  if (section === undefined) return undefined;
  const listen = parseWebListen(section.listen);
  if (listen === undefined)
    throw new LatchkeyError(
      'config/invalid',
      `credmon.web.listen: expected ADDRESS:PORT or unix:/PATH, but it is ${quote(section.listen, 80)}`,
    );
  const certificateFile = at(section.certificate);
  const keyFile = at(section.key) ?? certificateFile;
  return {
    listen,
    tls: certificateFile === undefined || keyFile === undefined ? undefined : { certificateFile, keyFile },
    behindProxy: section.behind_proxy ?? false,
    demandsLocalProof: section.demand_proof ?? false,
    operators: section.operators ?? WEB_PAGE_DEFAULTS.operators,
    signInDirectory: at(section.sign_in_directory) ?? WEB_PAGE_DEFAULTS.signInDirectory,
    myproxyStorage: at(section.myproxy_storage),
  };
}
