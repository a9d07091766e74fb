import type { Certificate } from '../../x509/index.ts';

/** The server an operation talked to. */
export interface ServerPeer {
  /** As the user wrote it. */
  readonly host: string;
  readonly port: number;
  readonly address: string;
  /** Its subject in one-line form. */
  readonly dn: string;
  /** Leaf first, as it was sent. */
  readonly chain: readonly Certificate[];
  readonly tlsVersion: string;
  /** False when it refused our certificate, or was shown none. */
  readonly authenticated: boolean;
}
