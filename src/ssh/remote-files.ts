/** What is known of a file on a machine. */
export interface RemoteStatus {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  /** Permission bits, such as 0o600. */
  readonly mode: number;
  readonly modifiedAt: Date;
}

/** How a copy is made. */
export interface CopyOptions {
  /** Default: the source's own permission bits; of what is fetched, only who may read and run it, for it is the other machine's word. */
  readonly mode?: number | undefined;
  /** Go on where an earlier copy ended, after comparing what is there. Default false. */
  readonly resume?: boolean | undefined;
  /** Append to what is there instead of replacing it. Default false. */
  readonly append?: boolean | undefined;
  /** Compare SHA-256 of both sides at the end. Default true where the far side can. */
  readonly verify?: boolean | undefined;
  /**
   * Bytes that the source may have; a larger one is an `ssh/file` error (`details.reason` = `too-large`) and leaves nothing. Default of `get`: what
   * the file is said to have, and 1 GiB more, so that one that grows without end does not fill this disk. `put` looks at its beginning only.
   */
  readonly maxBytes?: number | undefined;
  /** Bytes that are there now, and in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Files of a machine. Paths are absolute, or relative to the login directory; `~` is not expanded. What is written is whole
 * or not at all: a temporary name beside it, then renamed.
 *
 * All throw LatchkeyError `ssh/file` (`details.reason`: `not-found`, `denied`, `full`, `exists`, `too-large`, `other`) and `ssh/lost`.
 */
export interface RemoteFiles {
  /** Copies a local file there. */
  put(localPath: string, remotePath: string, options?: CopyOptions): Promise<void>;
  /** Copies a file from there. */
  get(remotePath: string, localPath: string, options?: CopyOptions): Promise<void>;
  /** Writes a small file; the mode holds from the first moment on. */
  write(remotePath: string, bytes: Uint8Array, options: { readonly mode: number }): Promise<void>;
  /** Reads from `offset` (default 0) at most `maxBytes` (default 1 MiB). */
  read(
    remotePath: string,
    options?: { readonly offset?: number; readonly maxBytes?: number },
  ): Promise<Buffer>;
  status(remotePath: string): Promise<RemoteStatus | undefined>;
  list(remotePath: string): Promise<readonly string[]>;
  /** Makes it and what is missing above it; no error when it is there. */
  makeDirectory(remotePath: string, options: { readonly mode: number }): Promise<void>;
  /** Removes a file, or with `recursive` a whole tree without following links; no error when it is gone already. */
  remove(remotePath: string, options?: { readonly recursive?: boolean }): Promise<void>;
  rename(from: string, to: string): Promise<void>;
}
