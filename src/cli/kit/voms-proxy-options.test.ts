import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ToolExit } from './tool.ts';
import { readVomsProxyOptions } from './voms-proxy-options.ts';

const read = (...argv: string[]) => readVomsProxyOptions('voms-proxy-init', argv);

function exit(...argv: string[]): ToolExit {
  try {
    read(...argv);
  } catch (error) {
    assert.ok(error instanceof ToolExit);
    return error;
  }
  return assert.fail('it was accepted');
}

test('options have one dash or two, values apart or with =, and may be cut short while they are clear', () => {
  const options = read(
    '-voms',
    'a',
    '--voms=b:/b/Role=x',
    '-vomsl',
    '3:30',
    '-noreg',
    '-order',
    '/a,/b',
    '-q',
  );
  assert.deepEqual(options.voms, ['a', 'b:/b/Role=x']);
  assert.deepEqual(options.order, ['/a', '/b']);
  assert.equal(options.attributesMinutes, 210);
  assert.equal(options.proxyMinutes, 720);
  assert.ok(options.has('noregen') && options.has('quiet') && !options.has('debug'));
});

test('-valid is for both, -hours for the proxy, and the kind of the last option counts', () => {
  assert.deepEqual([read('-valid', '1:30').proxyMinutes, read('-valid', '1:30').attributesMinutes], [90, 90]);
  assert.equal(read('-hours', '5').proxyMinutes, 300);
  assert.equal(read('-vomslife', '0').attributesMinutes, 0);
  assert.equal(read('-old', '-rfc').kind, 'rfc3820');
  assert.equal(read('-proxyver', '3').kind, 'draft');
  assert.equal(read('-path-length', '-1').pathLength, undefined);
  assert.deepEqual(read('-confile', 'a', '-vomses', 'b').vomses, ['a', 'b']);
});

test("what is wrong is told in the C++ tool's words, with exit code 1", () => {
  for (const [argv, message] of [
    [['-bogus'], "voms-proxy-init: unrecognized option '-bogus'\n"],
    [['-voms'], "voms-proxy-init: option '-voms' requires an argument\n"],
    [['-ce', 'x'], "voms-proxy-init: option '-ce' is ambiguous; possibilities: '-cert' '-certdir'\n"],
    [['stray'], 'Found non option element stray in command line.\n'],
    [['-valid', 'x'], '-valid argument must be in the format: h:m\n'],
    [['-valid', '12:99'], 'specified minutes must be in the range 0-59\n'],
    [['-vomslife', '2'], '-vomslife argument must be in the format: h:m\n'],
    [['-bits', '333'], 'Error: number of bits in key must be one of 512, 1024, 2048, 4096.\n'],
    [['-proxyver', '7'], 'Error: proxyver must be 2, 3 or 4\n'],
  ] as const) {
    const { code, stderr } = exit(...argv);
    assert.deepEqual([code, stderr], [1, message]);
  }
  assert.equal(exit('-help').code, 0);
  assert.match(exit('-help').stdout, /-noregen/);
});
