// Mutated key files of ssh-keygen, every type and format: an error of ours or a key, never a crash, never a hang.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError, runProgram, Secret } from '../../src/kit/index.ts';
import { inspectSshKey, openSshKey } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const TYPES = [['ed25519'], ['rsa', '-b', '2048'], ['ecdsa', '-b', '256'], ['ecdsa', '-b', '521']];
const PASS_PHRASE = 'a pass phrase';
const RUNS = 20_000;

test('mutated keys', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  for (const [number, type] of TYPES.entries()) {
    for (const [format, passPhrase] of [
      ['RFC4716', ''],
      ['PEM', ''],
      ['PKCS8', PASS_PHRASE],
    ] as const) {
      const path = join(directory, `${number}-${format}`);
      await runProgram('ssh-keygen', [
        '-q',
        '-t',
        ...type,
        '-m',
        format,
        '-N',
        passPhrase,
        '-a',
        '1',
        '-f',
        path,
      ]);
    }
  }
  const files = readdirSync(directory).filter((name) => !name.endsWith('.pub'));
  const texts = files.map((name) => readFileSync(join(directory, name), 'latin1'));
  const mutated = fc.record({
    text: fc.constantFrom(...texts),
    changes: fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    cut: fc.option(fc.nat(4000), { freq: 4 }),
    isArmour: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(mutated, async ({ text, changes, cut, isArmour }) => {
      const lines = text.split('\n');
      const body = isArmour
        ? Buffer.from(text, 'latin1')
        : Buffer.from(lines.slice(1, -2).join(''), 'base64');
      for (const [at, value] of changes) body[at % body.length] = value;
      const kept = cut === null ? body : body.subarray(0, cut % body.length);
      const changed = isArmour
        ? kept.toString('latin1')
        : [lines[0], kept.toString('base64'), lines.at(-2), ''].join('\n');
      await onlyOurErrors(async () => inspectSshKey(changed));
      await onlyOurErrors(() => openSshKey(changed, { passPhrase: new Secret(PASS_PHRASE) }));
    }),
    { numRuns: RUNS },
  );
});

async function onlyOurErrors(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    assert.ok(isLatchkeyError(error), error instanceof Error ? error.stack : String(error));
  }
}
