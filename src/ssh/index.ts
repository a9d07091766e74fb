/**
 * `latchkey/ssh`: reaching a machine: commands, files and forwards over a supervised OpenSSH connection, or here. It knows nothing
 * of what runs over them.
 */
export { openSsh, type SshConnection } from './connection.ts';
export { turnedAway } from './failure.ts';
export type { Forward, ForwardState } from './forward/forward.ts';
export type { ForwardEnd, ForwardSpec } from './forward/spec.ts';
export * from './keys/index.ts';
export { type LocalOptions, openLocal } from './local.ts';
export type {
  HostKeyPolicy,
  SecretSource,
  SshCredential,
  SshJump,
  SshOptions,
  SshTarget,
} from './options.ts';
export type { CopyOptions, RemoteFiles, RemoteStatus } from './remote-files.ts';
export type { SftpStreams } from './sftp/channel.ts';
export { openSftp, type SftpFiles, type SftpOptions } from './sftp/files.ts';
export { openSsh2 } from './ssh2/connection.ts';
export type { SshState, SshStatus } from './supervisor.ts';
export { checkTarget } from './target.ts';
export type { CommandOptions, CommandResult, RunningProgram, Transport } from './transport.ts';
