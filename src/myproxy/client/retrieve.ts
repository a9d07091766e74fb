import { formatPem } from '../../asn1/index.ts';
import { Secret } from '../../kit/index.ts';
import { type Certificate, type Credential, parseCertificate, parseCredential } from '../../x509/index.ts';
import type { CredentialSelector, OperationOptions } from './client-options.ts';
import { renewalCredential } from './logon.ts';
import { type Operation, TRUST_ROOTS_MAX_BYTES, withConnection } from './operation.ts';
import type { OwnIdentity } from './own-identity.ts';
import { pemParts } from './pem-parts.ts';
import { ask, receiveUnlessRefused } from './reply.ts';
import { requestFor } from './request-fields.ts';
import { askOnce, type SecretSource } from './secret-source.ts';
import type { ServerPeer } from './server-peer.ts';
import { type TrustRootsResult, takeTrustRoots } from './trust-roots.ts';

/** Which stored key and certificate `retrieve` fetches. */
export interface RetrieveOptions extends OperationOptions, CredentialSelector {
  readonly passphrase?: SecretSource | undefined;
  /** Answers the server's challenge; see `LogonOptions.renew`. */
  readonly renew?: OwnIdentity | undefined;
  readonly updateTrustRoots?: boolean | undefined;
}

/** What came back. The key is still encrypted with the stored pass phrase, if it was. */
export interface RetrieveResult {
  /** As it came: certificate, key, chain. */
  readonly pem: Secret;
  readonly chain: readonly Certificate[];
  /** The PEM text of the chain and, apart, of the key. */
  readonly certificatesPem: string;
  readonly keyPem: Secret;
  /** Opens the key with the pass phrase that was used, or the one given. */
  open(passphrase?: Secret): Promise<Credential>;
  readonly server: ServerPeer;
  readonly trustRoots?: TrustRootsResult;
}

/** RETRIEVE: request → [challenge → answer] → OK → PEM; C servers say OK once more, and C clients do not wait for it. */
export async function askRetrieve(operation: Operation, options: RetrieveOptions): Promise<RetrieveResult> {
  const passphrase = askOnce(options.passphrase, operation.signal);
  const answerWith = await renewalCredential(options.renew);
  const wantTrustRoots = options.updateTrustRoots ?? false;
  const needs = {
    identity: 'optional',
    ...(wantTrustRoots ? { maxMessageBytes: TRUST_ROOTS_MAX_BYTES } : {}),
  } as const;
  return await withConnection(operation, needs, async (connection) => {
    const passPhrase = await passphrase();
    const response = await ask(
      connection,
      requestFor('RETRIEVE', options, { passPhrase, wantTrustRoots }),
      answerWith,
    );
    const trustRoots = wantTrustRoots ? await takeTrustRoots(operation, response, true) : undefined;
    const pem = new Secret(await receiveUnlessRefused(connection, 'credential', (reader) => reader.pem()));
    const { certificates, key } = pemParts(pem.revealText());
    return {
      pem,
      chain: certificates.map(({ der }) => parseCertificate(der)),
      certificatesPem: certificates.map(({ der }) => formatPem('CERTIFICATE', der)).join(''),
      keyPem: new Secret(`${key.text}\n`),
      open: async (other = passPhrase) => await parseCredential(pem.revealText(), other),
      server: connection.peer,
      ...(trustRoots === undefined ? {} : { trustRoots }),
    };
  });
}
