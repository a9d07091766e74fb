import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RemoteFiles } from '../../src/ssh/index.ts';
import { partialName } from '../../src/ssh/partial-file.ts';

/** One promise of every {@link RemoteFiles}. `place` is a private directory that is the same here and there. */
export type FileCheck = (files: RemoteFiles, place: string) => Promise<void>;

/** More than one chunk of any back-end, and no two parts alike. */
export const SOME_BYTES: Buffer = pattern(3_000_001);

/** What every kind of {@link RemoteFiles} promises. */
export const fileChecks: Readonly<Record<string, FileCheck>> = {
  'what is written has its mode and bytes, and leaves nothing beside it': async (files, place) => {
    const path = join(place, 'token');
    for (const [bytes, mode] of [
      ['first', 0o600],
      ['second', 0o640],
      ['', 0o755],
    ] as const) {
      await files.write(path, Buffer.from(bytes), { mode });
      assert.equal(readFileSync(path, 'utf8'), bytes);
      assert.equal(statSync(path).mode & 0o7777, mode);
    }
    assert.deepEqual(readdirSync(place), ['token']);
  },

  'a written file replaces the old one, which a reader that has it open keeps': async (files, place) => {
    const path = join(place, 'proxy');
    writeFileSync(path, 'old', { mode: 0o644 });
    const { ino } = statSync(path);
    await files.write(path, Buffer.from('new'), { mode: 0o600 });
    assert.notEqual(statSync(path).ino, ino);
    assert.equal(readFileSync(path, 'utf8'), 'new');
  },

  'a part is read, and no more than was asked for': async (files, place) => {
    const path = join(place, 'file');
    writeFileSync(path, SOME_BYTES);
    const part = await files.read(path, { offset: 1_000_003, maxBytes: 500_000 });
    assert.ok(part.equals(SOME_BYTES.subarray(1_000_003, 1_500_003)));
    assert.equal((await files.read(path)).length, 1 << 20);
    assert.equal((await files.read(path, { offset: 3_000_000, maxBytes: 10 })).length, 1);
    assert.equal((await files.read(path, { offset: 4_000_000 })).length, 0);
  },

  'what has no size before it is read is read': async (files) => {
    assert.match((await files.read('/proc/self/status')).toString(), /^Name:/);
  },

  'the status of a file, a directory, a link and nothing': async (files, place) => {
    writeFileSync(join(place, 'file'), '12345', { mode: 0o640 });
    mkdirSync(join(place, 'dir'), { mode: 0o700 });
    symlinkSync('nowhere', join(place, 'link'));
    const file = await files.status(join(place, 'file'));
    assert.deepEqual([file?.kind, file?.size, file?.mode], ['file', 5, 0o640]);
    assert.ok(Math.abs((file?.modifiedAt.getTime() ?? 0) - statSync(join(place, 'file')).mtimeMs) < 1_001);
    assert.equal((await files.status(join(place, 'dir')))?.kind, 'directory');
    assert.equal((await files.status(join(place, 'link')))?.kind, 'link');
    assert.equal(await files.status(join(place, 'nothing')), undefined);
    assert.equal((await files.status('/dev/null'))?.kind, 'other');
  },

  'a large directory is listed whole, in order': async (files, place) => {
    const names = Array.from({ length: 3_000 }, (_, n) => `job output ${String(n).padStart(5, '0')} é`);
    for (const name of names) writeFileSync(join(place, name), '');
    assert.deepEqual(await files.list(place), names);
  },

  'what is not there is told as such': async (files, place) => {
    const missing = join(place, 'missing');
    const notFound = { code: 'ssh/file', reason: 'not-found' };
    await rejectsWith(files.read(missing), notFound);
    await rejectsWith(files.list(missing), notFound);
    await rejectsWith(files.get(missing, join(place, 'x')), notFound);
    await rejectsWith(files.put(missing, join(place, 'x')), notFound);
    await rejectsWith(files.write(join(missing, 'x'), Buffer.from(''), { mode: 0o600 }), notFound);
    await rejectsWith(files.rename(missing, join(place, 'x')), notFound);
    assert.deepEqual(readdirSync(place), []);
  },

  'a tilde is a name like any other': async (files, place) => {
    await files.write(join(place, '~'), Buffer.from('x'), { mode: 0o600 });
    assert.equal(readFileSync(join(place, '~'), 'utf8'), 'x');
    await rejectsWith(files.read('~/no-such-file-of-ours'), { code: 'ssh/file', reason: 'not-found' });
  },

  'directories are made with what is missing above them, in their mode': async (files, place) => {
    const path = join(place, 'a', 'b', 'c');
    await files.makeDirectory(path, { mode: 0o777 });
    for (const made of [path, join(place, 'a')]) assert.equal(statSync(made).mode & 0o777, 0o777);
    await files.makeDirectory(path, { mode: 0o700 });
    assert.equal(statSync(path).mode & 0o777, 0o777);
    writeFileSync(join(place, 'file'), '');
    await rejectsWith(files.makeDirectory(join(place, 'file'), { mode: 0o700 }), {
      code: 'ssh/file',
      reason: 'exists',
    });
  },

  'a tree is removed without following links': async (files, place) => {
    const outside = join(place, 'outside');
    const tree = join(place, 'tree');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), 'x');
    mkdirSync(join(tree, 'deep', 'deeper'), { recursive: true });
    writeFileSync(join(tree, 'deep', 'file'), '');
    symlinkSync(outside, join(tree, 'deep', 'link'));
    symlinkSync(outside, join(place, 'link'));
    await files.remove(tree, { recursive: true });
    await files.remove(`${join(place, 'link')}/`, { recursive: true });
    assert.deepEqual(readdirSync(place), ['outside']);
    assert.equal(readFileSync(join(outside, 'precious'), 'utf8'), 'x');
  },

  'a file is removed, an empty directory too, a full one only with what is in it': async (files, place) => {
    mkdirSync(join(place, 'full'));
    mkdirSync(join(place, 'empty'));
    writeFileSync(join(place, 'full', 'x'), '');
    await files.remove(join(place, 'missing'));
    await files.remove(join(place, 'missing'), { recursive: true });
    await files.remove(join(place, 'empty'));
    await rejectsWith(files.remove(join(place, 'full')), { code: 'ssh/file' });
    await files.remove(join(place, 'full', 'x'));
    await files.remove(join(place, 'full'), { recursive: true });
    assert.deepEqual(readdirSync(place), []);
  },

  'the root and the login directory are not removed by a slip': async (files) => {
    // Never with `recursive`: where this does not hold, these very directories would be gone.
    for (const path of ['/', '.', '..', '']) await assert.rejects(files.remove(path), TypeError, path);
  },

  'a rename replaces what was there': async (files, place) => {
    writeFileSync(join(place, 'a'), 'new');
    writeFileSync(join(place, 'b'), 'old');
    await files.rename(join(place, 'a'), join(place, 'b'));
    assert.deepEqual(readdirSync(place), ['b']);
    assert.equal(readFileSync(join(place, 'b'), 'utf8'), 'new');
  },

  'what is fetched is never setuid, nor writable for others, whatever the far side says': async (
    files,
    place,
  ) => {
    for (const [mode, expected] of [
      [0o6777, 0o755],
      [0o1660, 0o640],
      [0o400, 0o400],
    ] as const) {
      const [there, back] = [join(place, `there-${mode}`), join(place, `back-${mode}`)];
      writeFileSync(there, 'x');
      chmodSync(there, mode);
      await files.get(there, back);
      assert.equal(statSync(back).mode & 0o7777, expected);
    }
    await files.get(join(place, `there-${0o6777}`), join(place, 'chosen'), { mode: 0o775 });
    assert.equal(statSync(join(place, 'chosen')).mode & 0o7777, 0o775);
  },

  'files go there and come back as they were, with their modes, told as they go': async (files, place) => {
    const [source, there, back] = ['source', 'there', 'back'].map((name) => join(place, name)) as [
      string,
      string,
      string,
    ];
    for (const size of [0, 1, 32_768, SOME_BYTES.length]) {
      writeFileSync(source, SOME_BYTES.subarray(0, size));
      chmodSync(source, 0o750);
      const told: [number, number][] = [];
      await files.put(source, there, { onProgress: (done, total) => told.push([done, total]) });
      await files.get(there, back, { mode: 0o600 });
      assert.ok(readFileSync(back).equals(SOME_BYTES.subarray(0, size)), `${size} bytes`);
      assert.equal(statSync(there).mode & 0o7777, 0o750);
      assert.equal(statSync(back).mode & 0o7777, 0o600);
      if (size > 0) assert.deepEqual(told.at(-1), [size, size]);
      assert.deepEqual(
        told.map(([done]) => done),
        told.map(([done]) => done).sort((a, b) => a - b),
      );
    }
    assert.deepEqual(readdirSync(place).sort(), ['back', 'source', 'there']);
  },

  'a copy is appended when that is asked for': async (files, place) => {
    const [source, there] = [join(place, 'source'), join(place, 'there')];
    writeFileSync(source, 'second');
    await files.put(source, there, { append: true });
    await files.put(source, there, { append: true });
    assert.equal(readFileSync(there, 'utf8'), 'secondsecond');
    await files.get(there, source, { append: true });
    assert.equal(readFileSync(source, 'utf8'), 'secondsecondsecond');
    await assert.rejects(files.put(source, there, { append: true, resume: true }), TypeError);
  },

  'a copy that was cut is not there, and goes on where it ended': async (files, place) => {
    for (const way of ['put', 'get'] as const) {
      const [source, target] = [join(place, `${way} source`), join(place, `${way} target`)];
      writeFileSync(source, SOME_BYTES);
      const controller = new AbortController();
      const cut = files[way](source, target, {
        resume: true,
        signal: controller.signal,
        onProgress: (done) => {
          if (done >= 1_000_000) controller.abort();
        },
      });
      await rejectsWith(cut, { code: 'ssh/file' });
      assert.equal(existsSync(target), false);
      const first: number[] = [];
      await files[way](source, target, { resume: true, onProgress: (done) => first.push(done) });
      assert.ok((first[0] ?? 0) > 1_000_000, `${way} began again: ${first[0]}`);
      assert.equal(digest(readFileSync(target)), digest(SOME_BYTES));
    }
    assert.equal(readdirSync(place).length, 4);
  },

  'what another file is called by, too, is not what an earlier copy left': async (files, place) => {
    const [source, target, own] = ['source', 'target', 'own'].map((name) => join(place, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(source, SOME_BYTES);
    writeFileSync(own, 'precious');
    linkSync(own, join(place, partialName('target', true)));
    await rejectsWith(files.get(source, target, { resume: true }), { code: 'ssh/file' });
    assert.equal(readFileSync(own, 'utf8'), 'precious');
  },

  'what an earlier copy left is not believed when the source has changed': async (files, place) => {
    for (const way of ['put', 'get'] as const) {
      const [source, target] = [join(place, `${way} source`), join(place, `${way} target`)];
      writeFileSync(source, SOME_BYTES);
      const controller = new AbortController();
      const cut = files[way](source, target, {
        resume: true,
        signal: controller.signal,
        onProgress: (done) => {
          if (done >= 1_000_000) controller.abort();
        },
      });
      await rejectsWith(cut, { code: 'ssh/file' });
      const changed = Buffer.from(SOME_BYTES);
      changed[5] = (changed[5] ?? 0) ^ 1;
      writeFileSync(source, changed);
      await files[way](source, target, { resume: true });
      assert.equal(digest(readFileSync(target)), digest(changed));
    }
  },

  'a copy that is cancelled and may not be resumed leaves nothing': async (files, place) => {
    for (const way of ['put', 'get'] as const) {
      const [source, target] = [join(place, 'source'), join(place, 'target')];
      writeFileSync(source, SOME_BYTES);
      const controller = new AbortController();
      const cut = files[way](source, target, {
        signal: controller.signal,
        onProgress: () => controller.abort(),
      });
      await rejectsWith(cut, { code: 'ssh/file' });
      assert.deepEqual(readdirSync(place), ['source']);
    }
  },

  'a copy that is given up when its last byte is there has no name': async (files, place) => {
    const [source, target] = [join(place, 'source'), join(place, 'target')];
    writeFileSync(source, SOME_BYTES);
    for (const way of ['put', 'get'] as const) {
      const controller = new AbortController();
      const cut = files[way](source, target, {
        verify: false,
        signal: controller.signal,
        onProgress: (done, total) => {
          if (done === total) controller.abort();
        },
      });
      await rejectsWith(cut, { code: 'ssh/file' });
      assert.deepEqual(readdirSync(place), ['source'], way);
    }
  },

  'many small files at once arrive whole, each under its name': async (files, place) => {
    const names = Array.from({ length: 60 }, (_, n) => String(n));
    for (const folder of ['from', 'there', 'back']) mkdirSync(join(place, folder));
    const text = (name: string) => `${name}:`.repeat(Number(name) * 7);
    for (const name of names) writeFileSync(join(place, 'from', name), text(name));
    await Promise.all(names.map((name) => files.put(join(place, 'from', name), join(place, 'there', name))));
    await Promise.all(names.map((name) => files.get(join(place, 'there', name), join(place, 'back', name))));
    for (const folder of ['there', 'back']) {
      assert.deepEqual(readdirSync(join(place, folder)).sort(), [...names].sort());
      for (const name of names) assert.equal(readFileSync(join(place, folder, name), 'utf8'), text(name));
    }
  },

  'a file that is longer than its size says is copied whole': async (files, place) => {
    // The kernel makes this text when it is read, and says that it has no bytes.
    const [text, size] = [readFileSync('/proc/filesystems', 'utf8'), statSync('/proc/filesystems').size];
    assert.deepEqual([size, text.length > 0], [0, true]);
    for (const way of ['put', 'get'] as const) {
      await files[way]('/proc/filesystems', join(place, way), { verify: false });
      assert.equal(readFileSync(join(place, way), 'utf8'), text);
    }
  },

  'a directory is no file': async (files, place) => {
    await rejectsWith(files.put(place, join(place, 'x')), { code: 'ssh/file' });
    await rejectsWith(files.get(place, join(place, 'x')), { code: 'ssh/file' });
    await rejectsWith(files.read(place), { code: 'ssh/file' });
    assert.deepEqual(readdirSync(place), []);
  },

  'a path is not empty and has no NUL': async (files) => {
    for (const path of ['', 'a\0b']) await assert.rejects(async () => files.read(path), TypeError);
  },
};

/** Asserts the code of an error and, when given, its reason. */
export async function rejectsWith(
  promise: Promise<unknown>,
  expected: { readonly code: string; readonly reason?: string },
): Promise<void> {
  await assert.rejects(promise, (error: { code?: string; details?: { reason?: string } }) => {
    assert.equal(error.code, expected.code, String(error));
    if (expected.reason !== undefined) assert.equal(error.details?.reason, expected.reason, String(error));
    return true;
  });
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let n = 0; n + 4 <= length; n += 4) bytes.writeUInt32BE(Math.imul(n, 2_654_435_761) >>> 0, n);
  return bytes;
}
