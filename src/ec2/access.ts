import type { Secret } from '../kit/index.ts';

/** Whose account is used, and where. */
export interface Ec2Access {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of temporary credentials. */
  readonly sessionToken?: Secret | undefined;
  readonly region: string;
  /** Default: the region's own endpoint. Plain `http` to loopback only. */
  readonly endpoint?: string | undefined;
}
