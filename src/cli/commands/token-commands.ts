import type { CommandSpec } from './command-spec.ts';

/** `latchkey token …` and `latchkey key …`. Data only, as every table of commands. */
export const TOKEN_COMMANDS: readonly CommandSpec[] = [];
