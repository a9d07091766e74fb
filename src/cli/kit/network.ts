/** What tools that talk to a server load once their command line is known to be good. */
export { accountName } from './account-name.ts';
export { openClient, tellServer } from './client-setup.ts';
export { readPassPhrase } from './pass-phrase.ts';
export { reasonOf, writePrivateFile } from './private-file.ts';
