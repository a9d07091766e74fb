import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../../test/support/workspace.ts';

test('the closed list of error codes has each code once, and each is area/what', () => {
  const source = readFileSync(join(repositoryRoot, 'src/kit/error-codes.ts'), 'utf8');
  const codes = [...source.matchAll(/^\s*\| '([^']*)'/gm)].map(([, code = '']) => code);
  assert.ok(codes.length > 100);
  assert.deepEqual(
    codes.filter((code, at) => codes.indexOf(code) !== at),
    [],
  );
  assert.deepEqual(
    codes.filter((code) => !/^[a-z0-9]+\/[a-z0-9]+(-[a-z0-9]+)*$/.test(code)),
    [],
  );
});
