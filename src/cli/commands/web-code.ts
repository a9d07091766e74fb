import { WEB_PAGE_DEFAULTS } from '../../credmon/index.ts';
import { createSignInCode, loadCredmonSettings } from '../../daemon/index.ts';
import type { Command, Invocation } from './command.ts';
import { settingsOfState } from './credmon-place.ts';

/** `latchkey web code`: a one-time code that proves on the web page who runs this. */
export const webCode: Command = async (invocation) => {
  const directory = invocation.given.text('directory') ?? (await signInDirectory(invocation));
  const { code, validSeconds, page } = await createSignInCode(directory);
  return {
    json: { code, validSeconds, page },
    lines: [
      code,
      `Type it ${page === undefined ? 'into the page' : `at ${page}`} within ${validSeconds / 60} minutes; it works once. Give it to nobody.`,
    ],
  };
};

/** That of the state here; users of a machine's own monitor cannot read its configuration, and need not. */
async function signInDirectory(invocation: Invocation): Promise<string> {
  const file = await settingsOfState(invocation);
  const settings = file === undefined ? undefined : await loadCredmonSettings({ file });
  return settings?.web?.signInDirectory ?? WEB_PAGE_DEFAULTS.signInDirectory;
}
