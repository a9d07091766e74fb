import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileEre } from './ere-matcher.ts';
import { expressionToEre, isUsableExpression, matchesExpression } from './expression.ts';

const jane = { dn: '/O=Grid/OU=Test/CN=Jane User', fqans: ['/atlas/Role=production', '/atlas'] };

test('expressions become the regular expressions of the C server', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['*', '^(.*)$'],
    ['?', '^(.)$'],
    ['a.b', '^(a\\.b)$'],
    ['\\*', '^(*)$'],
    ['a\\?', '^(a?)$'],
    ['a\\.b', '^(a.b)$'],
    ['a\\\\b', '^(a\\b)$'],
    ['a\\(', '^(a\\()$'],
    ['a\\', '^(a)$'],
    ['(a|b)+', '^((a|b)+)$'],
  ];
  for (const [expression, ere] of cases) assert.equal(expressionToEre(expression), ere);
});

test('who matches', () => {
  const yes = [
    '*',
    '/O=Grid/OU=Test/CN=Jane User',
    '*/CN=Jane User',
    '/O=Grid/OU=????/CN=Jane*',
    '/O=Grid/OU=Test/CN=(Jane|Joe) User',
    '/O=Other|/O=Grid/OU=Test/CN=Jane User',
    '[/]O=[[:alpha:]]+/OU=T[a-f]st/*',
    'SUBJECT:*/CN=Jane User',
    'subject:*',
    'FQAN:/atlas/Role=*',
    'fqan:/atlas',
    '/O=Grid/OU=Test/CN=Jane User\\?',
  ];
  const no = [
    '',
    '/o=grid/*',
    '/O=Grid',
    '*/CN=Jane',
    'FQAN:/cms',
    'FQAN:*/CN=Jane User',
    'SUBJECT:/atlas',
    '(',
    '[a',
    '\\*',
    '*{2,1}',
    '(.*)\\1',
  ];
  for (const expression of yes) assert.equal(matchesExpression(expression, jane), true, expression);
  for (const expression of no) assert.equal(matchesExpression(expression, jane), false, expression);
  assert.equal(matchesExpression('*', { dn: '<anonymous>', fqans: [] }), true);
  assert.equal(matchesExpression('fqan:*', { dn: '<anonymous>', fqans: [] }), false);
});

test('expressions that cannot be used are told apart', () => {
  assert.equal(isUsableExpression('FQAN:/atlas/*'), true);
  assert.equal(isUsableExpression('SUBJECT:(a'), false);
  assert.equal(isUsableExpression('(a)\\1'), false);
});

test('a hostile expression costs a few milliseconds and little memory', () => {
  const text = `/CN=${'a'.repeat(1000)}!`;
  const hostile = [
    '^((a*)*)*$',
    '^(a|a|aa)+$',
    '^(.*a){30}$',
    '^((((a{0,9}){0,9}){0,9}){0,9}){0,9}$',
    '^(((a{1,32767}){1,32767}){1,32767})$',
    `^${'('.repeat(9000)}a${')'.repeat(9000)}$`,
    `^${'(a|'.repeat(90)}b${')'.repeat(90)}*$`,
    `^${'.*'.repeat(5000)}$`,
    'a{100}{100}',
    `a${'+'.repeat(16_000)}`,
  ];
  for (const ere of hostile) {
    const before = process.cpuUsage();
    compileEre(ere)?.matches(text);
    const { user } = process.cpuUsage(before);
    assert.ok(user < 500_000, `${ere.slice(0, 40)} took ${user} µs`);
  }
});
