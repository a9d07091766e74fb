import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  float,
  isPyroDict,
  PyComplex,
  type PyroInput,
  type PyroValue,
  type SerializerName,
  serializers,
  tuple,
} from '../../src/pyro/index.ts';
import { havePython, pythonAnswers } from '../support/python-peer.ts';
import { repositoryRoot } from '../support/workspace.ts';
import { type Tagged, taggedInput, taggedValue } from './tagged-values.ts';

const SCRIPT = join(repositoryRoot, 'test/pyro/values.py');
const RUNS = 150;

const lone = fc.constantFrom('\ud800', 'a\udfffb');
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
);
const scalars: Readonly<Record<SerializerName, fc.Arbitrary<PyroInput>>> = (() => {
  const any = fc.oneof(
    fc.constantFrom<PyroInput>(null, true, false, Infinity, -Infinity, Number.NaN, -0, 2 ** 60, float(3)),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }),
    fc.double(),
    text,
  );
  const bytes = fc.uint8Array({ maxLength: 300 });
  const complex = fc
    .tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }))
    .map(([a, b]) => new PyComplex(a, b));
  return {
    serpent: fc.oneof(
      any,
      bytes,
      lone,
      // Python adds the two parts of its text, and -0.0 + 0.0 is 0.0.
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => new PyComplex(x + 0, 1.5)),
    ),
    marshal: fc.oneof(any, bytes, lone, complex),
    msgpack: fc.oneof(any, bytes, complex),
    // Python reads half a surrogate pair from json, and cannot write it.
    json: any,
  };
})();

function values(name: SerializerName): fc.Arbitrary<PyroInput> {
  const hashable = name === 'serpent' || name === 'marshal';
  const keys = hashable ? fc.oneof(text, fc.integer(), fc.tuple(text, fc.integer())) : text;
  return fc.letrec<{ value: PyroInput }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalars[name],
      fc.array(tie('value'), { maxLength: 20 }),
      fc.array(tie('value'), { maxLength: 4 }).map((items) => tuple(...items)),
      fc.dictionary(text, tie('value'), { maxKeys: 20 }),
      fc.array(fc.tuple(keys, tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
      hashable
        ? fc.uniqueArray(fc.oneof(text, fc.integer()), { maxLength: 5 }).map((items) => new Set(items))
        : fc.constant(null),
      fc.float64Array({ maxLength: 20 }),
      fc.int32Array({ maxLength: 20 }),
    ),
  })).value;
}

interface Answer {
  readonly value: Tagged;
  readonly again?: string;
  readonly bytes?: string;
  readonly error?: string;
}

for (const name of Object.keys(serializers) as SerializerName[]) {
  const serializer = serializers[name];

  test(`${name}: Python reads what we write, as the same values and types, and we read it when Python writes it again`, async (t) => {
    if (!havePython(t, ['Pyro4', 'msgpack'], 'python3-pyro4', 'python3-msgpack')) return;
    const python = pythonAnswers(t, SCRIPT);
    await fc.assert(
      fc.asyncProperty(values(name), async (value) => {
        const bytes = Buffer.from(serializer.encode(value));
        const answer = (await python.ask(['read', name, bytes.toString('hex')])) as Answer;
        assert.equal(answer.error, undefined);
        assert.deepEqual(answer.value, taggedInput(value, name));
        const ours = serializer.decode(Buffer.from(answer.again ?? '', 'hex'));
        assert.deepEqual(taggedValue(ours), taggedValue(serializer.decode(bytes)));
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  test(`${name}: we read what Python writes, and write it again so that Python reads the same`, async (t) => {
    if (!havePython(t, ['Pyro4', 'msgpack'], 'python3-pyro4', 'python3-msgpack')) return;
    const python = pythonAnswers(t, SCRIPT);
    for (let seed = 0; seed < RUNS; seed++) {
      const made = (await python.ask(['make', name, seed])) as Answer;
      assert.equal(made.error, undefined, `seed ${seed}`);
      const value = serializer.decode(Buffer.from(made.bytes ?? '', 'hex'));
      assert.deepEqual(taggedValue(value), looseTags(made.value, name), `seed ${seed}`);
      const again = Buffer.from(serializer.encode(value as PyroInput)).toString('hex');
      const read = (await python.ask(['read', name, again])) as Answer;
      assert.equal(read.error, undefined, `seed ${seed}`);
      assert.deepEqual(looseTags(read.value, name), looseTags(made.value, name), `seed ${seed}`);
    }
  });
}

/** What is left of Python's types here: an integral float is a number as an int is, a tuple a list, and so on. */
function looseTags(value: Tagged, name: SerializerName): Tagged {
  if (!Array.isArray(value)) return value;
  const [kind, inside] = value as [string, unknown];
  if (kind === 'float') {
    const number = inside === 'nan' ? Number.NaN : Buffer.from(inside as string, 'hex').readDoubleBE();
    return Number.isSafeInteger(number) && !Object.is(number, -0) ? ['int', String(number)] : value;
  }
  const items = () => (inside as Tagged[]).map((item) => looseTags(item, name));
  if (kind === 'tuple' || kind === 'list') return ['list', items()];
  if (kind === 'set')
    return (inside as unknown[]).length === 0 && name === 'serpent' ? ['list', []] : ['set', sorted(items())];
  if (kind === 'dict') {
    const entries = (inside as [Tagged, Tagged][]).map(
      ([k, v]): Tagged => [looseTags(k, name), looseTags(v, name)],
    );
    return bytesDict(entries) ?? ['dict', sorted(entries)];
  }
  return value;
}

/** What serpent makes of bytes when it is read by Python. */
function bytesDict(entries: readonly Tagged[]): Tagged | undefined {
  if (entries.length !== 2) return undefined;
  const fields = new Map(
    entries.map((entry) => [JSON.stringify((entry as Tagged[])[0]), (entry as Tagged[])[1]]),
  );
  const data = fields.get(JSON.stringify(taggedValue('data')));
  const encoding = fields.get(JSON.stringify(taggedValue('encoding')));
  if (data === undefined || JSON.stringify(encoding) !== JSON.stringify(taggedValue('base64')))
    return undefined;
  const characters = Buffer.from((data as [string, string])[1], 'hex')
    .swap16()
    .toString('utf16le');
  return ['bytes', Buffer.from(characters, 'base64').toString('hex')];
}

function sorted(items: Tagged[]): Tagged[] {
  const key = (item: Tagged) => JSON.stringify(item);
  return items.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

test('a dict that came from Python as a plain object is one', () => {
  assert.ok(isPyroDict(serializers.serpent.decode(Buffer.from("{'a':1}")) as PyroValue));
});
