import type { Ec2Access } from '../ec2/index.ts';
import type { Credential } from '../keeper/index.ts';
import type { Secret } from '../kit/index.ts';
import type { SshPublicKey } from '../ssh/index.ts';
import type { ContextKind } from './attributes.ts';
import type { Context } from './context.ts';
import type { HostScope } from './host-scope.ts';

/** A key file that was opened once, and what ssh needs to open it again. */
export interface KeyMaterial {
  readonly path: string;
  /** `undefined` for kinds that only ssh can use. */
  readonly publicKey: SshPublicKey;
  readonly certificatePath?: string | undefined;
  readonly passPhrase?: Secret | undefined;
  /** What EC2 would list the pair under, as far as it can be known from both halves. */
  readonly awsFingerprints: readonly string[];
}

/** What a checked context gives to its session. */
export type Material =
  | { readonly type: 'key'; readonly user?: string | undefined; readonly key?: KeyMaterial | undefined }
  | { readonly type: 'agent'; readonly socket: string }
  | { readonly type: 'password'; readonly user?: string | undefined; readonly password: Secret }
  | {
      readonly type: 'proxy';
      /** Variables that a program of the grid finds it by: `X509_USER_PROXY`, … */
      readonly environment: Readonly<Record<string, string>>;
      readonly current: CurrentCredential;
    }
  | { readonly type: 'token'; readonly current: CurrentCredential }
  | { readonly type: 'ec2'; readonly access: Ec2Access }
  | {
      readonly type: 'key-pair';
      readonly name: string;
      readonly user?: string | undefined;
      readonly key?: KeyMaterial | undefined;
    };

/** A credential with an end, as it is now. */
export interface CurrentCredential {
  readonly isRenewable: boolean;
  /** As it was seen last. */
  readonly expiresAt: () => Date | undefined;
  /** Reads it, or makes a new one when it is `isRenewable` and near its end. */
  readonly read: (signal?: AbortSignal) => Promise<Credential>;
}

/** What a check finds. */
export interface Checked {
  readonly material: Material;
  /** One line for people, without secrets: fingerprint, subject, end. */
  readonly summary: string;
  readonly warnings?: readonly string[];
  /** Puts away what the check has made. */
  readonly release?: () => Promise<void>;
}

/** A context of a session, checked. */
export interface Entry extends Checked {
  /** For people and reasons: `SSH 1`. Never a secret. */
  readonly name: string;
  readonly kind: ContextKind;
  readonly context: Context;
  readonly scope: HostScope;
  readonly isDefault: boolean;
}
