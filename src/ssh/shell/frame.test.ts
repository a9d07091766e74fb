import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commandBody, MarkedOutput } from './frame.ts';
import { printfFormat, shellWord } from './quote.ts';

const MARK = ':lk0123456789abcdef0123456789abcdef:1:';

test('an output comes out whole, whatever it holds and however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 20 }),
          fc.nat(20).map((n) => Buffer.from(MARK.slice(0, n))),
        ),
      ),
      fc.array(fc.nat(60)),
      fc.nat(255),
      (parts, cuts, code) => {
        const output = Buffer.concat(parts);
        const bytes = Buffer.concat([output, Buffer.from(`${MARK}${code}\nstray`)]);
        const marked = new MarkedOutput(MARK, 1 << 20);
        let at = 0;
        const stray: Buffer[] = [];
        for (const cut of [...cuts, bytes.length]) {
          const piece = bytes.subarray(at, at + cut);
          at += piece.length;
          if (marked.isDone) stray.push(piece);
          else stray.push(marked.take(piece) ?? Buffer.alloc(0));
        }
        assert.ok(marked.bytes.equals(output));
        assert.equal(marked.word, String(code));
        assert.equal(Buffer.concat(stray).toString(), 'stray');
      },
    ),
  );
});

test('more than the limit is counted and not kept', () => {
  const marked = new MarkedOutput(MARK, 10);
  marked.take(Buffer.alloc(100));
  assert.equal(marked.isTooMuch, true);
  marked.take(Buffer.from(`${MARK}0\n`));
  assert.equal(marked.bytes.length, 10);
});

test('no word leaves its quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      if (text.includes('\0')) return assert.throws(() => shellWord(text), TypeError);
      const quoted = shellWord(text);
      if (!quoted.startsWith("'")) return assert.match(quoted, /^[A-Za-z0-9_./:@%+,-]+$/);
      assert.equal(quoted.slice(1, -1).split("'\\''").join("'"), text);
      assert.doesNotMatch(quoted.slice(1, -1).split("'\\''").join(''), /'/);
    }),
  );
});

test('a printf format begins with no option and holds no NUL', () => {
  assert.equal(printfFormat(Buffer.from("-n %s\\\0'é")), "'\\055n %%s\\\\\\000'\\''\\303\\251'");
});

test('what is no program or no variable is a TypeError', () => {
  for (const argv of [[], [''], ['-x'], ['a\0']]) {
    assert.throws(() => commandBody({ kind: 'program', argv }, {}), TypeError);
  }
  assert.throws(() => commandBody({ kind: 'program', argv: ['a'] }, { env: { 'x y': '' } }), TypeError);
});
