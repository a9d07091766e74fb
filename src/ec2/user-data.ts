import { Secret } from '../kit/index.ts';
import type { HostKey } from './host-key.ts';

/** What cloud-init does for us at the first boot. */
export interface FirstBoot {
  /** Becomes the only host key. */
  readonly hostKey?: HostKey | undefined;
  /** The instance shuts itself down after that many minutes, whatever became of us. */
  readonly maxLifetimeMinutes?: number | undefined;
}

/**
 * User data for cloud-init; undefined when there is nothing to do. It is written as JSON, which is YAML without its surprises.
 * Whoever may read the instance's metadata, every user and process on it, can read it, and so can the account's administrators.
 */
export function userDataFor({ hostKey, maxLifetimeMinutes }: FirstBoot): Secret | undefined {
  if (hostKey === undefined && maxLifetimeMinutes === undefined) return undefined;
  const config = {
    ...(hostKey === undefined
      ? {}
      : {
          ssh_deletekeys: true,
          ssh_keys: { ed25519_private: hostKey.privateKey.revealText(), ed25519_public: hostKey.publicKey },
        }),
    ...(maxLifetimeMinutes === undefined ? {} : { runcmd: [['shutdown', '-P', `+${maxLifetimeMinutes}`]] }),
  };
  return new Secret(`#cloud-config\n${JSON.stringify(config, undefined, 1)}\n`);
}
