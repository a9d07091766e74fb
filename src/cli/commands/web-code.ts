import { WEB_PAGE_DEFAULTS } from '../../credmon/index.ts';
import { createSignInCode } from '../../daemon/index.ts';
import type { Command } from './command.ts';

/** `latchkey web code`: a one-time code that proves on the web page who runs this. */
export const webCode: Command = async ({ given }) => {
  const directory = given.text('directory') ?? WEB_PAGE_DEFAULTS.signInDirectory;
  const { code, validSeconds, page } = await createSignInCode(directory);
  return {
    json: { code, validSeconds, page },
    lines: [
      code,
      `Type it ${page === undefined ? 'into the page' : `at ${page}`} within ${validSeconds / 60} minutes; it works once. Give it to nobody.`,
    ],
  };
};
