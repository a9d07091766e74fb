import type { CommandSpec } from './command-spec.ts';

/** `latchkey credmon …`. Data only, as every table of commands. */
export const CREDMON_COMMANDS: readonly CommandSpec[] = [];
