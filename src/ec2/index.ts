/**
 * `latchkey/ec2`: the part of the EC2 query API that starting a machine needs: key pairs, instances, security groups, console output.
 * It knows nothing of jobs or sessions.
 */
export type { Ec2Access } from './access.ts';
export type { InstanceInfo, InstanceState, KeyPairInfo, SecurityGroupInfo } from './answers.ts';
export { createEc2Client, type Ec2Client } from './client.ts';
export { hostKeysOnConsole } from './console-host-keys.ts';
export { type EnsuredKeyPair, ensureKeyPair, type KeyPairChoice } from './ensure-key-pair.ts';
export type { AskOptions, Ec2Options } from './exchange.ts';
export { findLeaked, type Leaked } from './find-leaked.ts';
export { removeLeaked } from './remove-launch.ts';
export type { GroupRequest, IngressRequest, LaunchRequest, Selection } from './requests.ts';
export { type StartedInstance, startInstance } from './start-instance.ts';
export type { StartOptions } from './start-options.ts';
