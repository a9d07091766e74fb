import type { CredentialSelector, OperationOptions } from './client-options.ts';
import type { SecretSource } from './secret-source.ts';

/** Which pass phrase `changePassphrase` changes. */
export interface ChangePassphraseOptions extends OperationOptions, CredentialSelector {
  readonly passphrase: SecretSource;
  /** At least 6 characters; empty removes the encryption. */
  readonly newPassphrase: SecretSource;
}
