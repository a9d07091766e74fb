import type { CommandSpec } from './command-spec.ts';

/** `latchkey web …`. Data only, as every table of commands. */
export const WEB_COMMANDS: readonly CommandSpec[] = [];
