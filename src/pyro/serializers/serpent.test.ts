import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../../kit/index.ts';
import { float, PyComplex, type PyroInput, type PyroValue, tuple } from '../value.ts';
import { serpent } from './serpent.ts';

const HEADER = '# serpent utf-8 python3.2\n';

function written(value: PyroInput): string {
  return Buffer.from(serpent.encode(value)).toString().slice(HEADER.length);
}

function read(text: string): PyroValue {
  return serpent.decode(Buffer.from(text));
}

test('values are written as Python writes its literals', () => {
  const cases: [PyroInput, string][] = [
    [null, 'None'],
    [true, 'True'],
    [-3, '-3'],
    [2n ** 70n, '1180591620717411303424'],
    [1.5, '1.5'],
    [-0, '-0.0'],
    [2 ** 60, '1152921504606847000.0'],
    [float(2), '2.0'],
    [Infinity, '1e30000'],
    [-Infinity, '-1e30000'],
    [Number.NaN, "{'__class__':'float','value':'nan'}"],
    ["it's \\ \n\r\t\0\x7f\ud800é😀", "'it\\'s \\\\ \\n\\r\\t\\x00\\x7f\\ud800é😀'"],
    [Buffer.from([0, 1, 255]), "{'data':'AAH/','encoding':'base64'}"],
    [[1, []], '[1,[]]'],
    [tuple(), '()'],
    [tuple(1), '(1,)'],
    [tuple(1, 2), '(1,2)'],
    [new Set([1, 'a']), "{1,'a'}"],
    [new Set(), '()'],
    [new Set([[1]]), '{(1,)}'],
    [{ a: 1, b: { __proto__: null } }, "{'a':1,'b':{}}"],
    [
      new Map<PyroInput, PyroInput>([
        [1, 2],
        [[3], 4],
        [Buffer.from('k'), 5],
      ]),
      "{1:2,(3,):4,b'\\x6b':5}",
    ],
    [new PyComplex(1, -2.5), '(1.0-2.5j)'],
    [new Float64Array([1, 0.5]), '[1.0,0.5]'],
    [new Int32Array([1, -2]), '[1,-2]'],
    [new Date('2026-12-01T10:00:00Z'), "'2026-12-01T10:00:00+00:00'"],
  ];
  for (const [value, text] of cases) assert.equal(written(value), text);
});

test('literals of Python are read', () => {
  const cases: [string, PyroValue][] = [
    ['None', null],
    [' [ True , False , ] # comment\n', [true, false]],
    ['-0', 0],
    ['-0.0', -0],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['+1', 1],
    ['1e30000', Infinity],
    ['-1e30000', -Infinity],
    ['1.', 1],
    ['.5', 0.5],
    ["{'__class__':'float','value':'nan'}", Number.NaN],
    ['(1)', 1],
    ['(1,)', [1]],
    ['()', []],
    ['{1,2}', new Set([1, 2])],
    ['{}', {}],
    ["{1:'a',}", new Map([[1, 'a']])],
    [
      "{'a':1,2:3}",
      new Map<PyroValue, PyroValue>([
        ['a', 1],
        [2, 3],
      ]),
    ],
    ['(1+2j)', new PyComplex(1, 2)],
    ['(-1.5-2.5j)', new PyComplex(-1.5, -2.5)],
    ['2j', new PyComplex(0, 2)],
    [`"it's"`, "it's"],
    ["u'x'", 'x'],
    [
      "'\\'\\\"\\\\\\n\\r\\t\\a\\b\\f\\v\\0\\101\\x41\\u00e9\\U0001F600\\q\\\n'",
      '\'"\\\n\r\t\x07\b\f\v\0AAé😀\\q',
    ],
    ["b'\\x00\\xff\\n\\u0041'", new Uint8Array(Buffer.from('\x00\xff\n\\u0041', 'latin1'))],
    ["{'data':'AAH/','encoding':'base64'}", new Uint8Array([0, 1, 255])],
    ["{'data':'%','encoding':'base64'}", { data: '%', encoding: 'base64' }],
    ["{'data':'AAH/','encoding':'base64','x':1}", { data: 'AAH/', encoding: 'base64', x: 1 }],
  ];
  for (const [text, value] of cases) assert.deepEqual(read(text), value, text);
});

test('anything else is refused, and says where', () => {
  const bad = [
    '',
    '#',
    'foo',
    'foo()',
    '__import__("os")',
    '1 2',
    '[1',
    '[1 2]',
    '{1:2',
    '{1:2,3}',
    '{1,2:3}',
    '{1 2}',
    '(1',
    "'abc",
    '"abc\'',
    "'''x'''",
    "r'x'",
    "f'x'",
    "b'é'",
    "'\\x4'",
    "'\\u12'",
    "'\\U00110000'",
    "'\\N{DASH}'",
    '--1',
    '1_000',
    '0x10',
    '1+1',
    '(1+1)',
    '[,]',
    '(,)',
    '{,}',
    '-',
    '1e',
    'None.x',
    'Nonex',
    '\u00e9',
    '[1]]',
    "'a' 'b'",
  ];
  for (const text of bad)
    assert.throws(
      () => read(text),
      (error) => isLatchkeyError(error, 'pyro/malformed'),
      text,
    );
  assert.throws(() => serpent.decode(Buffer.from([0x27, 0xff, 0x27])), /not UTF-8/);
});

test('depth, values and digits are bounded', () => {
  for (const text of [
    '['.repeat(100_000),
    '('.repeat(100_000),
    '{'.repeat(100_000),
    '{1:'.repeat(100_000),
    '(1,'.repeat(100_000),
  ])
    assert.throws(() => read(text), { code: 'pyro/too-large' });
  assert.ok(Array.isArray(read(`${'['.repeat(200)}${']'.repeat(200)}`)));
  assert.throws(
    () => serpent.decode(Buffer.from(`[${'1,'.repeat(1000)}]`), { maxValues: 1000 }),
    /more than 1000 values/,
  );
  assert.throws(() => read('9'.repeat(5000)), { code: 'pyro/too-large' });
  assert.equal(read('9'.repeat(4300)), BigInt('9'.repeat(4300)));
  const loop: PyroInput[] = [];
  loop.push(loop);
  assert.throws(() => serpent.encode(loop), { code: 'pyro/too-large' });
});

test('many strings with backslashes far away are read in one pass', () => {
  const text = `[${"'x',".repeat(200_000)}'\\n']`;
  const indexOf = String.prototype.indexOf;
  let searches = 0;
  String.prototype.indexOf = function (this: string, ...args: Parameters<typeof indexOf>) {
    if (args[0] === '\\') searches++;
    return indexOf.apply(this, args);
  };
  try {
    assert.equal((read(text) as readonly PyroValue[]).length, 200_001);
  } finally {
    String.prototype.indexOf = indexOf;
  }
  assert.ok(searches < 5, String(searches));
});

test('a key __proto__ changes no prototype', () => {
  const value = read("{'__proto__':{'polluted':1},'a':2}");
  assert.ok(value instanceof Map);
  assert.deepEqual(value.get('__proto__'), { polluted: 1 });
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(
    written(value),
    "{'a':2,'__proto__':{'polluted':1}}".replace(
      "'a':2,'__proto__':{'polluted':1}",
      "'__proto__':{'polluted':1},'a':2",
    ),
  );
});

test('what cannot be sent is said', () => {
  class Own {}
  for (const value of [
    undefined,
    () => 1,
    Symbol('s'),
    new Own(),
    new DataView(new ArrayBuffer(1)),
    new Date(Number.NaN),
  ])
    assert.throws(() => serpent.encode([value] as unknown as PyroInput), TypeError);
  assert.throws(() => serpent.encode(new Set([{}])), { code: 'pyro/value' });
  assert.throws(() => serpent.encode(new Set([new Set()])), { code: 'pyro/value' });
});

test('calls go both ways', () => {
  const call = { object: 'o', method: 'm', args: [1, 'x'], kwargs: { k: 2 } };
  assert.equal(Buffer.from(serpent.encodeCall(call)).toString(), `${HEADER}('o','m',(1,'x'),{'k':2})`);
  assert.deepEqual(serpent.decodeCall(serpent.encodeCall(call)), call);
  assert.deepEqual(serpent.decodeCall(Buffer.from("('o','m',[1],None)")), {
    ...call,
    args: [1],
    kwargs: null,
  });
  for (const text of [
    '1',
    "('o','m',(1,))",
    "(1,'m',(),{})",
    "('o',1,(),{})",
    "('o','m',1,{})",
    "('o','m',(),1)",
    "('o','m',(),{1:2})",
  ])
    assert.throws(() => serpent.decodeCall(Buffer.from(text)), { code: 'pyro/malformed' }, text);
});

test('no text makes the reader crash', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    ',',
    ':',
    "'",
    '"',
    '\\',
    'x',
    'b',
    'u',
    '1',
    '-',
    '.',
    'e',
    'j',
    '+',
    'None',
    ' ',
    '\n',
    '#',
    'é',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (text) => {
      try {
        read(text.join(''));
      } catch (error) {
        assert.ok(isLatchkeyError(error), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
