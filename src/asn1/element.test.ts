import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asn1js from 'asn1js';
import fc from 'fast-check';
import { isLatchkeyError } from '../kit/index.ts';
import {
  Cursor,
  children,
  type Element,
  encode,
  encodeInteger,
  encodeSequence,
  readElement,
  readOnly,
  TAG,
} from './index.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const refused = (hex: string, pattern: RegExp) =>
  assert.throws(
    () => readOnly(bytes(hex)),
    (error) => isLatchkeyError(error, 'asn1/malformed') && pattern.test(error.message),
    hex,
  );

test('an element gives its tag, its contents and its exact bytes', () => {
  const data = bytes('ff 04 03 010203 ff');
  const element = readElement(data, 1);
  assert.equal(element.tag, TAG.octetString);
  assert.deepEqual(element.contents, bytes('010203'));
  assert.deepEqual(element.der, bytes('0403010203'));
});

test('lengths must be definite, minimal and within the data', () => {
  refused('04 81 05 0102030405', /not minimal/);
  refused('04 82 00ff', /not minimal/);
  refused('30 80 0000', /indefinite/);
  refused('04 85 0000000001 00', /length of 5 bytes/);
  refused('04 02 01', /2 bytes where 1 are left/);
  refused('04 84 ffffffff', /4294967295 bytes/);
  refused('04', /ends inside an element header/);
  refused('04 82 01', /ends inside a length/);
  refused('', /ends inside an element header/);
});

test('multi-byte tag numbers and trailing bytes are refused', () => {
  refused('1f 81 01 00', /multi-byte number/);
  refused('05 00 00', /1 bytes after the element/);
});

test('every length up to three bytes of it comes back', () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const der = encode(TAG.octetString, Buffer.alloc(length, 7));
    assert.equal(readOnly(der).contents.length, length);
    assert.deepEqual(readOnly(der).der, der);
  }
});

test('an element of more than 10 000 children is refused', () => {
  const many = encodeSequence(Buffer.alloc(2 * 10_001, Buffer.from([TAG.null, 0])));
  assert.throws(
    () => children(readElement(many)),
    (error) => isLatchkeyError(error, 'asn1/limit'),
  );
});

test('a cursor takes elements in order and insists on the end', () => {
  const cursor = new Cursor(readElement(encodeSequence(encodeInteger(1), encode(0xa0), encodeInteger(2))));
  assert.equal(cursor.take(TAG.integer).contents[0], 1);
  assert.equal(cursor.takeIf(TAG.integer), undefined);
  assert.equal(cursor.peek()?.tag, 0xa0);
  assert.throws(() => cursor.end(), /2 unexpected elements/);
  assert.throws(() => cursor.take(TAG.set), /tag 0xa0 where 0x31 belongs/);
  assert.equal(cursor.rest().length, 2);
  assert.throws(() => cursor.take(), /an element is missing/);
  cursor.end();
});

test('random bytes are read or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
      try {
        const element = readElement(Buffer.from(data));
        assert.ok(element.der.length <= data.length);
        if ((element.tag & 0x20) !== 0) children(element);
      } catch (error) {
        assert.ok(isLatchkeyError(error), String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

interface Node {
  readonly tag: number;
  readonly contents: Uint8Array | readonly Node[];
}

const node = fc.letrec<{ node: Node; leaf: Node; branch: Node }>((tie) => ({
  node: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('branch')),
  leaf: fc.record({ tag: fc.constant(TAG.octetString), contents: fc.uint8Array({ maxLength: 300 }) }),
  branch: fc.record({
    tag: fc.constantFrom<number>(TAG.sequence, TAG.set, 0xa0, 0xa3),
    contents: fc.array(tie('node'), { maxLength: 5 }),
  }),
})).node;

function write({ tag, contents }: Node): Buffer {
  return contents instanceof Uint8Array ? encode(tag, contents) : encode(tag, ...contents.map(write));
}

test('asn1js reads what is written here, and nothing is read here that it refuses', () => {
  fc.assert(
    fc.property(node, fc.nat(), fc.integer({ min: 0, max: 255 }), (tree, position, value) => {
      const der = write(tree);
      assert.deepEqual(Buffer.from(asn1js.fromBER(der).result.toBER()), der);
      der[position % der.length] = value;
      const read = tagsOf(der);
      // asn1js also looks into values that only typed readers look at here.
      if (read?.every((tag) => PLAIN_TAGS.has(tag))) {
        assert.notEqual(asn1js.fromBER(der).offset, -1, der.toString('hex'));
      }
    }),
    { numRuns: 2000 },
  );
});

const PLAIN_TAGS = new Set<number>([TAG.octetString, TAG.sequence, TAG.set, 0xa0, 0xa3]);

/** The tags of the whole tree; undefined when it cannot be read. */
function tagsOf(der: Buffer): number[] | undefined {
  const tags: number[] = [];
  const walk = (element: Element): void => {
    tags.push(element.tag);
    if ((element.tag & 0x20) !== 0) children(element).forEach(walk);
  };
  try {
    walk(readOnly(der));
    return tags;
  } catch {
    return undefined;
  }
}
