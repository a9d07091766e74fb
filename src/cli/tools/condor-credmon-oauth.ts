import { credmonTool } from './credmon-tool.ts';

/** `condor_credmon_oauth`: the monitor of all kinds of tokens, as condor_master starts it. */
export const condorCredmonOauth = credmonTool('condor_credmon_oauth');
