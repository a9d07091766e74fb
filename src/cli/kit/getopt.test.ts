import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type OptionSpec, parseGetopt } from './getopt.ts';

const table: readonly OptionSpec[] = [
  { short: 'h', long: 'help', help: '' },
  { short: 's', long: 'pshost', value: 'host', help: '' },
  { short: 'p', long: 'psport', value: 'port', help: '' },
  { short: 'v', long: 'verbose', help: '' },
  { short: 'V', long: 'version', help: '' },
  { short: 'x', help: '' },
  { long: 'ca', value: 'directory', help: '' },
];

const given = (...argv: string[]) =>
  parseGetopt(argv, table).given.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`));
const problem = (...argv: string[]) => parseGetopt(argv, table).problem;

test('getopt: short options, clustered, with values attached or apart', () => {
  assert.deepEqual(given('-vh', '-shost', '-p', '1', '-vs', 'other'), [
    'v',
    'h',
    's=host',
    'p=1',
    'v',
    's=other',
  ]);
  assert.deepEqual(given('-s', '-v'), ['s=-v']);
});

test('getopt: long options, with =, apart, and by an unambiguous prefix', () => {
  assert.deepEqual(given('--pshost=a=b', '--psport', '2', '--verb', '--he', '--ca', 'd'), [
    's=a=b',
    'p=2',
    'v',
    'h',
    'ca=d',
  ]);
});

test('getopt: operands may stand between options; -- ends the options; - is an operand', () => {
  const parsed = parseGetopt(['a', '-v', '-', '--', '-h'], table);
  assert.deepEqual(parsed, { given: [{ key: 'v' }], operands: ['a', '-', '-h'] });
});

// The texts were taken from glibc 2.36 by running myproxy-info with these words.
test('getopt: complains in the words of glibc', () => {
  assert.equal(problem('-z'), "invalid option -- 'z'");
  assert.equal(problem('--nosuch'), "unrecognized option '--nosuch'");
  assert.equal(problem('-s'), "option requires an argument -- 's'");
  assert.equal(problem('--pshost'), "option '--pshost' requires an argument");
  assert.equal(problem('--ps', 'x'), "option '--ps' is ambiguous; possibilities: '--pshost' '--psport'");
  assert.equal(problem('--help=3'), "option '--help' doesn't allow an argument");
});

test('getopt: what stood before the complaint was read', () => {
  assert.deepEqual(given('-v', '-z', '-h'), ['v']);
});

test('getopt: never throws, and never loses a word it did not complain about', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom('-s', '--', '-vh', '--ps', '--pshost=', '-'))),
      (argv) => {
        const parsed = parseGetopt(argv, table);
        if (parsed.problem !== undefined) return;
        const kept = [
          ...parsed.operands,
          ...parsed.given.flatMap(({ value }) => (value === undefined ? [] : [value])),
        ].join('');
        for (const word of argv.filter((candidate) => !candidate.startsWith('-')))
          assert.ok(kept.includes(word));
      },
    ),
  );
});
