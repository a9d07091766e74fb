import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runProgram } from '../../src/kit/index.ts';
import { compileEre } from '../../src/repository/ere-matcher.ts';
import { expressionToEre } from '../../src/repository/expression.ts';
import { matchesExpression } from '../../src/repository/index.ts';
import { havePeers } from '../support/peers.ts';

/** Status of `[[ text =~ pattern ]]`, which is the C library's regcomp(REG_EXTENDED) and regexec: 0 found, 1 not found, 2 bad pattern. */
async function searchWithBash(pairs: readonly (readonly [string, string])[]): Promise<number[]> {
  const script =
    'while IFS= read -r pattern && IFS= read -r text; do [[ $text =~ $pattern ]]; echo $?; done 2>/dev/null';
  const input = pairs.map(([pattern, text]) => `${pattern}\n${text}\n`).join('');
  const run = await runProgram('bash', ['-c', script], {
    input,
    env: { LC_ALL: 'C', PATH: process.env.PATH },
  });
  return run.stdout.toString().trim().split('\n').map(Number);
}

const atoms = [
  'a',
  'b',
  'ab',
  '/',
  'C',
  '=',
  '-',
  ' ',
  '_',
  '1',
  '.',
  '[ab]',
  '[^a]',
  '[a-c]',
  '[]a]',
  '[a-]',
  '[-a]',
  '[^]a]',
];
const brackets = [
  '[[:alpha:]]',
  '[[:digit:]x]',
  '[[:foo:]]',
  '[[=a=]]',
  '[[.-.]-/]',
  '[[.ab.]]',
  '[b-a]',
  '[a-b-c]',
  '[[:alpha:]-z]',
  '[a',
  '[a-[:digit:]]',
  '[+--]',
];
const operators = [
  '*',
  '+',
  '?',
  '|',
  '(',
  ')',
  '{2}',
  '{1,}',
  '{,2}',
  '{0,1}',
  '{2,1}',
  '{',
  '}',
  '^',
  '$',
  '()',
  '(|a)',
];
const escapes = [
  '\\.',
  '\\*',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\b',
  '\\B',
  '\\<',
  '\\>',
  '\\`',
  "\\'",
  '\\n',
  '\\\\',
  '\\(',
  '\\|',
];

const pattern = fc
  .array(
    fc.oneof(
      { arbitrary: fc.constantFrom(...atoms), weight: 6 },
      { arbitrary: fc.constantFrom(...brackets), weight: 1 },
      { arbitrary: fc.constantFrom(...operators), weight: 4 },
      { arbitrary: fc.constantFrom(...escapes), weight: 2 },
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', '/', 'C', '=', '-', ' ', '_', '1', '.', ']', '(', '{', 'é'), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''));

test('our matcher and the C library agree on every expression', { timeout: 60_000 }, async (t) => {
  if (!havePeers(t, 'bash')) return;
  const pairs = fc.sample(fc.tuple(pattern, text), { numRuns: 20_000, seed: 20_261_122 });
  const theirs = await searchWithBash(pairs);
  assert.equal(theirs.length, pairs.length);
  const found = new Map<number, number>();
  pairs.forEach(([ere, subject], index) => {
    const matcher = compileEre(ere);
    const ours = matcher === undefined ? 2 : matcher.matches(subject) ? 0 : 1;
    assert.equal(ours, theirs[index], `${JSON.stringify(ere)} on ${JSON.stringify(subject)}`);
    found.set(ours, (found.get(ours) ?? 0) + 1);
  });
  for (const outcome of [0, 1, 2]) assert.ok((found.get(outcome) ?? 0) > 1000, `outcome ${outcome} is rare`);
});

test('policy expressions match as grep -E -x does after the translation', { timeout: 60_000 }, async (t) => {
  if (!havePeers(t, 'grep')) return;
  const dns = [
    '/O=Grid/OU=Test/CN=Jane User',
    '/O=Grid/CN=host/www.example.org',
    '<anonymous>',
    '/DC=org/DC=x/CN=J. R. (Bob) Dobbs+1',
  ];
  const expressions = [
    '*',
    '*/CN=Jane User',
    '/O=Grid/*',
    '/DC=org/DC=?/CN=J. R. \\(Bob\\) *',
    '*[0-9]',
    '*(User|org)',
    '<*>',
    '*.example.org',
    '/O=[^/]+/CN=host/*',
    '*\\.example.org',
  ];
  for (const expression of expressions) {
    const run = await runProgram('grep', ['-E', '-x', '-e', expressionToEre(expression)], {
      input: `${dns.join('\n')}\n`,
      env: { LC_ALL: 'C', PATH: process.env.PATH },
    });
    const ours = dns.filter((dn) => matchesExpression(expression, { dn, fqans: [] }));
    assert.deepEqual(ours, run.stdout.toString().split('\n').slice(0, -1), expression);
  }
});
