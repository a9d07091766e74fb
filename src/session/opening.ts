import { type Clock, LatchkeyError, type Secret } from '../kit/index.ts';
import type { Transport } from '../ssh/index.ts';

export type SshConnection = Transport;
type SecretSource = Secret | (() => Secret | undefined | Promise<Secret | undefined>);
interface SshTarget {
  readonly host: string;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
}
export interface SshCredential {
  readonly identityFiles?: readonly string[] | undefined;
  readonly certificateFiles?: readonly string[] | undefined;
  readonly agentSocket?: string | undefined;
  readonly password?: SecretSource | undefined;
  readonly passPhrases?: ReadonlyMap<string, SecretSource> | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly isExclusive?: boolean | undefined;
}
export interface SshJump extends SshTarget {
  readonly credential?: SshCredential | undefined;
}
export interface SshOptions {
  readonly target: SshTarget;
  readonly jump?: readonly SshJump[] | undefined;
  readonly program?: string | undefined;
  readonly credential?: SshCredential | undefined;
  readonly hostKeys?:
    | { readonly policy: 'strict' | 'accept-new'; readonly knownHostsFiles?: readonly string[] | undefined }
    | undefined;
  readonly configFile?: string | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
}
export type OpenConnection = (options: SshOptions) => Promise<SshConnection>;

export const openSsh: OpenConnection = async () => {
  throw new LatchkeyError('ssh/unsupported', 'not yet');
};
