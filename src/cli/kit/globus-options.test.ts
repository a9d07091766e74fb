import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GlobusInterface, readGlobusOptions, validMinutes } from './globus-options.ts';
import { ToolExit } from './tool.ts';

const face: GlobusInterface = {
  tool: 'grid-proxy-test',
  synopsis: '[-help] ...',
  unknown: 'unrecognized option',
  options: [
    { names: ['-file', '-f'], value: { called: 'file', missing: 'needs a file name argument' }, help: '' },
    { names: ['-q'], help: '' },
  ],
};

function read(
  argv: readonly string[],
  more: Partial<GlobusInterface> = {},
): { given: string[]; files: readonly string[] } {
  const given: string[] = [];
  const files = readGlobusOptions({ ...face, ...more }, argv, (name, value) => given.push(`${name}${value}`));
  return { given, files };
}

const complaint = (text: string) => (error: unknown) =>
  error instanceof ToolExit &&
  error.code === 1 &&
  error.stderr.startsWith(`\nERROR: ${text}\n\nSyntax: grid-proxy-test `);

test('globus options: whole words with one dash, values apart, aliases', () => {
  assert.deepEqual(read(['-q', '-f', 'x']).given, ['-q', '-filex']);
  assert.deepEqual(read(['-q', '--', '-nonsense']).given, ['-q']);
});

test('globus options: complaints', () => {
  assert.throws(() => read(['-z']), complaint('option -z : unrecognized option'));
  assert.throws(() => read(['stray']), complaint('option stray : unrecognized option'));
  assert.throws(() => read(['--file']), complaint('option --file : double-dashed options are not allowed'));
  assert.throws(() => read(['-file']), complaint('option -file : needs a file name argument'));
  assert.throws(() => read(['-file', '-q']), complaint('option -file : needs a file name argument'));
});

test('globus options: file names end the options of tools that take some', () => {
  assert.deepEqual(read(['-q', 'a', '-q'], { takesFiles: true }), { given: ['-q'], files: ['a', '-q'] });
  assert.deepEqual(read(['--', '-q'], { takesFiles: true }), { given: [], files: ['-q'] });
});

test('globus options: H:M', () => {
  assert.equal(validMinutes(face, '-valid', '12:30'), 750);
  assert.equal(validMinutes(face, '-valid', '0:0'), 0);
  for (const text of ['12', ':30', '1:61', '-1:00', 'a:b']) {
    assert.throws(() => validMinutes(face, '-valid', text), ToolExit, text);
  }
});
