import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OPERATIONS } from '../../src/web/api-operations.ts';
import { FAILURES } from '../../src/web/failure-page.ts';
import { repositoryRoot } from '../support/workspace.ts';

const docs = join(repositoryRoot, 'docs');
const page = readFileSync(join(docs, 'web.md'), 'utf8');

test('docs/web.md lists every failure page with its status', () => {
  const listed = [...page.matchAll(/^\| ([A-Z][^|]+) \| (\d{3}) \|$/gm)].map(([, title, status]) => [
    title,
    Number(status),
  ]);
  assert.deepEqual(
    listed,
    Object.values(FAILURES).map(({ title, status }) => [title, status]),
  );
});

test('docs/web.md lists every operation of the API', () => {
  const listed = [...page.matchAll(/^\| `(GET|POST) (\S+)` \| (.+) \|$/gm)].map(([, method, path, does]) => [
    method,
    path,
    does,
  ]);
  assert.deepEqual(
    listed,
    OPERATIONS.map(({ method, path, summary }) => [method.toUpperCase(), path, summary]),
  );
});

test('its pictures and links are there, and small', () => {
  for (const [, target = ''] of page.matchAll(/\]\(([^)#:]+)\)/g)) {
    const path = join(docs, target);
    assert.ok(existsSync(path), target);
    if (target.endsWith('.png')) assert.ok(statSync(path).size < 150_000, target);
  }
});
