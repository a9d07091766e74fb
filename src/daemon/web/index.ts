/**
 * The web page of a monitor: listener, request files, logins, proof of local users, accounts.
 * It knows nothing of the command line.
 */
export { type AccountFile, openAccountFile } from './account-file.ts';
export { openPageOf } from './page-of-monitor.ts';
export type { WebSettings } from './settings.ts';
export { createSignInCode } from './sign-in-directory.ts';
export { type RunningWeb, startWeb, type WebParts } from './start-web.ts';
