import { credmonTool } from './credmon-tool.ts';

/** `condor_credmon_vault`: the monitor of tokens from a Vault, and of nothing else. */
export const condorCredmonVault = credmonTool('condor_credmon_vault', ['vault']);
