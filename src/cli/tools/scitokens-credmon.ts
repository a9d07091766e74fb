import { credmonTool } from './credmon-tool.ts';

/** `scitokens_credmon`: the old name of `condor_credmon_oauth`. */
export const scitokensCredmon = credmonTool('scitokens_credmon');
