import assert from 'node:assert/strict';
import { chmodSync, lchownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { workspace } from '../../../test/support/workspace.ts';
import { findRegistry, parseRegistryAddress } from './find-registry.ts';

test('the registry is found where it is said first', async (t) => {
  const home = workspace(t);
  const workingDirectory = join(home, 'work');
  mkdirSync(workingDirectory);
  mkdirSync(join(home, '.config', 'latchkey'), { recursive: true });
  const find = async (env: NodeJS.ProcessEnv = {}, given?: string) => {
    const { location, from } = await findRegistry({
      env: { HOME: home, ...env },
      workingDirectory,
      given,
      uid: process.getuid?.(),
    });
    return [location, from];
  };
  const file = (path: string, text: string) => {
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  };
  assert.deepEqual(await find(), [{ host: '127.0.0.1', port: 9090 }, 'the default']);
  const last = file(join(home, '.config', 'MUPIF_NS'), '[::1]:10000\n');
  assert.deepEqual(await find(), [{ host: '::1', port: 10000 }, last]);
  const house = file(join(home, '.config', 'latchkey', 'ns'), 'house.example\n');
  assert.deepEqual(await find(), [{ host: 'house.example', port: 9090 }, house]);
  const here = file(join(workingDirectory, 'MUPIF_NS'), '172.22.2.1:10000');
  assert.deepEqual(await find(), [{ host: '172.22.2.1', port: 10000 }, here]);
  assert.deepEqual(await find({ MUPIF_NS: 'e:1' }), [{ host: 'e', port: 1 }, 'MUPIF_NS in the environment']);
  assert.deepEqual(await find({ MUPIF_NS: 'e:1' }, './u:/run/ns'), [{ path: '/run/ns' }, 'the command line']);
  chmodSync(here, 0o666);
  await assert.rejects(find(), { code: 'file/unsafe' });
  // One's own link is one's own word; whose a link is only root can choose.
  rmSync(here);
  symlinkSync(house, here);
  assert.deepEqual(await find(), [{ host: 'house.example', port: 9090 }, here]);
  if (process.getuid?.() !== 0) return;
  lchownSync(here, 65_534, 65_534);
  await assert.rejects(find(), { code: 'file/unsafe' });
});

test('an address that is none is told', () => {
  for (const text of ['', 'a b', '::1:9090', 'h:0', 'h:99999', 'http://h', 'x@y:1'])
    assert.throws(() => parseRegistryAddress(text), { code: 'config/invalid' }, text);
});
