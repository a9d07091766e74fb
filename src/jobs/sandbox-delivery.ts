import type { Delivery } from '../keeper/index.ts';
import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { credentialFile } from './credential-files.ts';
import type { CredentialForm } from './job-credential.ts';
import type { Workplace } from './workplace.ts';

/**
 * Puts a credential into a job's sandbox, 0600 and whole or not at all. It never makes the directory: the launcher takes
 * that away at the job's end, and what comes later finds no place.
 */
export function sandboxDelivery(
  { transport }: Workplace,
  sandbox: string,
  form: CredentialForm,
  onGone: () => void,
): Delivery {
  const path = `${sandbox}/${credentialFile(form)}`;
  return {
    async deliver(_lease, credential) {
      try {
        await transport.files.write(path, credential.bytes.reveal(), { mode: 0o600 });
      } catch (error) {
        if (!isLatchkeyError(error, 'ssh/file') || error.details.reason !== 'not-found') throw error;
        onGone();
        throw new LatchkeyError(
          'jobs/state',
          `the sandbox "${sandbox}" takes no credentials any more: its job has ended`,
        );
      }
    },
    withdraw: () => transport.files.remove(path),
  };
}
