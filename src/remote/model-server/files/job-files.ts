import { type FileFacts, fileFacts, hashFile, listFiles, readChunk } from './read-file.ts';
import { writeWhole } from './write-whole.ts';

/** The files of one job, wherever it runs; paths begin in its directory, and stay in it. */
export interface JobFiles {
  facts(path: string): Promise<FileFacts>;
  list(path: string): Promise<readonly (FileFacts & { readonly name: string })[]>;
  /** SHA-256 in hexadecimal digits. */
  hash(path: string, signal: AbortSignal): Promise<string>;
  /** A piece; with `tag` only of the file as it was then. */
  read(path: string, offset: number, length: number, tag: string | undefined): Promise<Uint8Array>;
  /** Whole, or as it was before. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Takes a local file there; absent = it is made here already. */
  take?(localFile: string, path: string, mode: number): Promise<void>;
}

/** Files in a directory of this machine. */
export function filesIn(root: string): JobFiles {
  return {
    facts: (path) => fileFacts(root, path),
    list: (path) => listFiles(root, path),
    hash: (path, signal) => hashFile(root, path, signal),
    read: (path, offset, length, tag) => readChunk(root, path, offset, length, tag),
    write: (path, bytes) => writeWhole(root, path, bytes),
  };
}
