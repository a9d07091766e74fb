import { type FSWatcher, watch } from 'node:fs';
import type { CredentialDirectory } from './directory.ts';
import type { UserDirectory } from './directory-files.ts';

/** Notices changes as the kernel tells them. Hints only: some are missed, and the passes find what was. */
export interface DirectoryWatch {
  /** Watches a user's directory too, while the kernel has room; one that has taken the place of another is watched in its place. */
  add(directory: UserDirectory): void;
  remove(user: string): void;
  has(user: string): boolean;
  readonly size: number;
  close(): void;
}

/** Who hears of changes. */
export interface WatchListener {
  /** A `.top` or `.use` of this user came, changed or went; without a user, something in the directory itself. */
  changed(user: string | undefined, fileName: string | undefined): void;
  /** Watching ends at this many users: the kernel has no more room (`fs.inotify.max_user_watches`). Told once. */
  exhausted(users: number, error: Error): void;
}

/** Starts watching the credential directory itself. Never throws: without watches, passes and SIGHUP do it all. */
export function watchDirectory(directory: CredentialDirectory, listener: WatchListener): DirectoryWatch {
  const watchers = new Map<string, { readonly watcher: FSWatcher; readonly ino: number }>();
  let isExhausted = false;
  const exhausted = (error: Error): void => {
    if (!isExhausted) listener.exhausted(watchers.size, error);
    isExhausted = true;
  };
  const start = (path: string, heard: (name: string | null) => void): FSWatcher | undefined => {
    try {
      const watcher = watch(path, { persistent: false }, (_event, name) => heard(name));
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOSPC' || code === 'EMFILE' || code === 'ENFILE') exhausted(error as Error);
      return undefined;
    }
  };
  const remove = (user: string): void => {
    watchers.get(user)?.watcher.close();
    watchers.delete(user);
  };
  const root = start(directory.path, (name) => listener.changed(undefined, name ?? undefined));
  return {
    get size() {
      return watchers.size;
    },
    add: ({ user, stats: { ino }, pathOf }) => {
      if (watchers.get(user)?.ino === ino) return;
      remove(user);
      if (isExhausted) return;
      const watcher = start(pathOf('.'), (name) => {
        // Of the directory itself: it went, or has other rights. One of the same name, even of the same inode number, is another.
        if (name === '.') remove(user);
        if (name === null || name === '.' || /\.(top|use)$/.test(name))
          listener.changed(user, name ?? undefined);
      });
      if (watcher !== undefined) watchers.set(user, { watcher, ino });
    },
    remove,
    has: (user) => watchers.has(user),
    close: () => {
      root?.close();
      for (const { watcher } of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}
