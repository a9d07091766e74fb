import type { Finding } from '../kit/index.ts';
import type { CredentialId, CredentialStore, StoredCredential } from './credential.ts';
import type { Envelope } from './envelope.ts';

/** How {@link FileStore.open} opens a directory. */
export interface FileStoreOptions {
  /** Make the directory (0700) when it is not there. Default false, as with the C server. */
  readonly create?: boolean;
  /** Second envelope under a server key for what is written; what is not yet enveloped is read all the same. */
  readonly envelope?: Envelope;
  /** Told of files that are skipped, and of repairs. */
  readonly onFinding?: (finding: Finding & { readonly file: string }) => void;
  /** Credentials kept in memory; 0 = none. Default 2,000. */
  readonly cachedCredentials?: number;
}

/** The C server's storage directory. */
export class FileStore implements CredentialStore {
  static open(_directory: string, _options?: FileStoreOptions): Promise<FileStore> {
    throw new Error('not there yet');
  }
  read(_id: CredentialId): Promise<StoredCredential | undefined> {
    throw new Error('not there yet');
  }
  write(_credential: StoredCredential): Promise<void> {
    throw new Error('not there yet');
  }
  remove(_id: CredentialId): Promise<boolean> {
    throw new Error('not there yet');
  }
  list(_username?: string): AsyncIterable<StoredCredential> {
    throw new Error('not there yet');
  }
  setLock(_id: CredentialId, _message: string | undefined): Promise<boolean> {
    throw new Error('not there yet');
  }
}
