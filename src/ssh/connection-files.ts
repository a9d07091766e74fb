import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import type { RemoteFiles } from './remote-files.ts';
import { type SessionHost, spawnSession } from './session.ts';
import { openSftp, type SftpFiles, type SftpOptions } from './sftp/files.ts';

/** What files over a connection need of it. */
export interface FilesHost {
  /** The login to ride on now; waits for one that is being made again. */
  host(): Promise<SessionHost>;
  readonly checksum: NonNullable<SftpOptions['checksum']>;
}

/**
 * The files of a connection: one sftp session, opened when it is first needed and again after it was lost. What was under way then
 * rejects with `ssh/lost`, and the caller decides.
 */
export class ConnectionFiles implements RemoteFiles {
  readonly #connection: FilesHost;
  #open: { readonly controlPath: string; readonly files: Promise<SftpFiles> } | undefined;

  constructor(connection: FilesHost) {
    this.#connection = connection;
  }

  put: RemoteFiles['put'] = async (...args) => this.#do((files) => files.put(...args));
  get: RemoteFiles['get'] = async (...args) => this.#do((files) => files.get(...args));
  write: RemoteFiles['write'] = async (...args) => this.#do((files) => files.write(...args));
  read: RemoteFiles['read'] = async (...args) => this.#do((files) => files.read(...args));
  status: RemoteFiles['status'] = async (...args) => this.#do((files) => files.status(...args));
  list: RemoteFiles['list'] = async (...args) => this.#do((files) => files.list(...args));
  makeDirectory: RemoteFiles['makeDirectory'] = async (...args) =>
    this.#do((files) => files.makeDirectory(...args));
  remove: RemoteFiles['remove'] = async (...args) => this.#do((files) => files.remove(...args));
  rename: RemoteFiles['rename'] = async (...args) => this.#do((files) => files.rename(...args));

  close(): void {
    const open = this.#open;
    this.#open = undefined;
    open?.files.then(
      (files) => files.close(),
      () => {},
    );
  }

  async #do<T>(act: (files: SftpFiles) => Promise<T>): Promise<T> {
    const host = await this.#connection.host();
    if (this.#open?.controlPath !== host.controlPath) {
      this.close();
      this.#open = { controlPath: host.controlPath, files: this.#start(host) };
    }
    const { files } = this.#open;
    try {
      return await act(await files);
    } catch (error) {
      // The session may have ended without the connection: the next call opens another one.
      if (isLatchkeyError(error, 'ssh/lost') && this.#open?.files === files) this.close();
      throw error;
    }
  }

  async #start(host: SessionHost): Promise<SftpFiles> {
    const child = spawnSession(host, ['-s', '--', 'latchkey', 'sftp']);
    child.stderr.resume();
    child.on('error', () => child.stdout.destroy());
    try {
      return await openSftp(child, { checksum: this.#connection.checksum });
    } catch (cause) {
      if (!isLatchkeyError(cause, 'ssh/lost') || !(await host.isAlive())) throw cause;
      throw new LatchkeyError('ssh/command', `the machine gives no sftp session: ${cause.message}`, {
        hint: 'it may have no sftp (Subsystem in sshd_config), the account may be for forwards only, or the server allows no more sessions (MaxSessions): kept shells count',
        details: { reason: 'not-started', ran: 'no' },
        cause,
      });
    }
  }
}
