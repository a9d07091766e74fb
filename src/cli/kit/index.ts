/**
 * What every drop-in tool is made of and costs next to nothing to load: option tables and their parsers, texts, exits.
 * One door, so that the bundler makes one file of it. What needs the library is behind `network.ts` and other late imports.
 */
export { type CommandLine, proxyLifetimeReader, readCommandLine } from './command-line.ts';
export {
  connectionOptions,
  connectionReader,
  requireServers,
} from './connection-options.ts';
export { credentialLines } from './credential-lines.ts';
export { type GivenOption, type OptionSpec, parseGetopt } from './getopt.ts';
export {
  type GlobusInterface,
  globusComplaint,
  globusError,
  globusFileProblem,
  readGlobusOptions,
  validMinutes,
} from './globus-options.ts';
export { keyRetrieversOption, policyOptions, policyReader } from './policy-options.ts';
export {
  accountOptions,
  atoi,
  descriptionOption,
  standardOptions,
  storedLifetimeOption,
  type ToolInterface,
} from './read-options.ts';
export { reportError, serverLines } from './report-error.ts';
export { runTool } from './run-tool.ts';
export { openStorage, storageOption } from './storage-option.ts';
export { secondsLeft, timeLeft } from './time-text.ts';
export { fail, type Tool, type ToolContext, ToolExit } from './tool.ts';
export { usageText } from './usage-text.ts';
export { vomsOption, vomsReader } from './voms-option.ts';
