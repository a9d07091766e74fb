import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atoi, readOptions, standardOptions, type ToolInterface } from './read-options.ts';
import { ToolExit } from './tool.ts';

const face: ToolInterface = { tool: 'myproxy-test-tool', synopsis: '...', options: standardOptions };

function exitOf(...argv: string[]): ToolExit | undefined {
  try {
    readOptions(face, 'called-so', argv, () => {});
    return undefined;
  } catch (error) {
    if (error instanceof ToolExit) return error;
    throw error;
  }
}

test('atoi: leading digits count, the rest is ignored, nonsense is 0', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['12', 12],
    ['168:00', 168],
    [' 7x', 7],
    ['-3', -3],
    ['+4', 4],
    ['', 0],
    ['abc', 0],
    ['99999999999999999999', 2_147_483_647],
  ];
  for (const [text, number] of cases) assert.equal(atoi(text), number, text);
});

test('options: help and version go to standard output with success, where they stand', () => {
  assert.match(exitOf('-h')?.stdout ?? '', /^\nSyntax: myproxy-test-tool \.\.\.\n/);
  assert.equal(exitOf('-v', '--usage', '-z')?.code, 0);
  assert.match(
    exitOf('-V')?.stdout ?? '',
    /^myproxy-test-tool version MYPROXYv2 \(v6\.2 \w{3} \d{4} .*\) \n$/,
  );
});

test('options: a bad word prints what is wrong under the name called, then the usage, and fails', () => {
  const bad = exitOf('-z', '-h');
  assert.equal(bad?.code, 1);
  assert.match(bad.stderr, /^called-so: invalid option -- 'z'\n\nSyntax: myproxy-test-tool/);
  assert.match(exitOf('stray')?.stderr ?? '', /^called-so: invalid option -- stray\n\nSyntax: /);
});
