import type { JobDescription } from './description.ts';

/** How the value of an attribute is checked. */
export type AttributeKind =
  | 'line'
  | 'text'
  | 'path'
  | 'directory'
  | 'words'
  | 'lines'
  | 'map'
  | 'count'
  | 'minutes'
  | 'flag'
  | 'other';

/** Every attribute of a description, and how it is checked. */
export const ATTRIBUTES: Readonly<Record<keyof JobDescription, AttributeKind>> = {
  executable: 'text',
  arguments: 'words',
  environment: 'map',
  preExec: 'words',
  postExec: 'words',
  workingDirectory: 'directory',
  input: 'path',
  output: 'path',
  error: 'path',
  fileTransfer: 'words',
  stageOut: 'other',
  cleanup: 'flag',
  wallTimeLimit: 'minutes',
  totalPhysicalMemory: 'count',
  totalCpuCount: 'count',
  totalGpuCount: 'count',
  numberOfProcesses: 'count',
  processesPerHost: 'count',
  threadsPerProcess: 'count',
  spmdVariation: 'line',
  candidateHosts: 'lines',
  queue: 'line',
  project: 'line',
  jobContact: 'lines',
  name: 'line',
  arraySize: 'count',
  directives: 'lines',
  credentials: 'other',
  credentialPolicy: 'other',
};

/** Attributes of SAGA that no adaptor of its family has ever carried out, nor ours. */
export const NEVER_SUPPORTED = [
  'interactive',
  'jobStartTime',
  'operatingSystemType',
  'systemArchitecture',
  'totalCpuTime',
] as const;

/** `WallTimeLimit`, `wall_time_limit`, `wallTimeLimit`, `TotalCPUCount`, `SPMDVariation` are one name. */
export function plainName(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}
