import type { CommandSpec } from './command-spec.ts';
import { CREDMON_COMMANDS } from './credmon-commands.ts';
import { INSIGHT_COMMANDS } from './insight-commands.ts';
import { JOBS_COMMANDS } from './jobs-commands.ts';
import { LINKS_COMMANDS } from './links-commands.ts';
import { MACHINE_COMMANDS } from './machine-commands.ts';
import { MODELS_COMMANDS } from './models-commands.ts';
import { NS_COMMANDS } from './ns-commands.ts';
import { PROXY_COMMANDS } from './proxy-commands.ts';
import { SERVER_COMMANDS } from './server-commands.ts';
import { SESSION_COMMANDS } from './session-commands.ts';
import { STORED_COMMANDS } from './stored-commands.ts';
import { TOKEN_COMMANDS } from './token-commands.ts';
import { VOMS_COMMANDS } from './voms-commands.ts';
import { VOMS_SERVICE_COMMANDS } from './voms-service-commands.ts';
import { WEB_COMMANDS } from './web-commands.ts';

export { GLOBAL_OPTIONS } from './shared-options.ts';

/** Every command. This table is read for the parser, the help texts and the completion scripts, so it imports nothing but data. */
export const COMMANDS: readonly CommandSpec[] = [
  ...SERVER_COMMANDS,
  ...STORED_COMMANDS,
  ...PROXY_COMMANDS,
  ...INSIGHT_COMMANDS,
  ...VOMS_COMMANDS,
  ...TOKEN_COMMANDS,
  ...CREDMON_COMMANDS,
  ...JOBS_COMMANDS,
  ...MACHINE_COMMANDS,
  ...LINKS_COMMANDS,
  ...NS_COMMANDS,
  ...VOMS_SERVICE_COMMANDS,
  ...MODELS_COMMANDS,
  ...WEB_COMMANDS,
  ...SESSION_COMMANDS,
];
