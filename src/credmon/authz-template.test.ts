import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatchkeyError } from '../kit/index.ts';
import { authorizationOf, templateDefect } from './authz-template.ts';
import { evaluateExpression, parseExpression } from './classad-expression.ts';
import { groupsOf } from './group-map.ts';

const DEFAULT = { authzTemplate: 'read:/user/{username} write:/user/{username}' };
const MAP = `# who is where
* alice cms,atlas
* bob   cms
something else
* alice never
GSI carol cms
* eve a b,../c,ok
* mallory x,y/z,q"w,storage.read:/,..,p,{username}
`;

test('the template of upstream for a user', () => {
  assert.deepEqual(authorizationOf(DEFAULT, 'alice'), {
    scope: 'read:/user/alice write:/user/alice',
    groups: [],
  });
});

for (const name of ['', '..', 'a/b', 'a b', '$&', '{username}', 'x\n']) {
  test(`the user ${JSON.stringify(name)} cannot change what a scope means`, () => {
    assert.throws(() => authorizationOf(DEFAULT, name), { code: 'credmon/name-invalid' });
  });
}

test('the first line of the group map that names the user decides', () => {
  assert.deepEqual(groupsOf(MAP, 'alice'), ['cms', 'atlas']);
  assert.deepEqual(groupsOf(MAP, 'carol'), []);
  assert.deepEqual(groupsOf(MAP, 'nobody'), []);
  assert.deepEqual(groupsOf(MAP, 'eve'), ['a']);
  assert.deepEqual(groupsOf('* dave g1,g2', 'dave'), ['g1', 'g2']);
});

test('group names that would change a scope are left out', () => {
  assert.deepEqual(groupsOf(MAP, 'mallory'), ['x', 'y/z', 'storage.read:/', 'p']);
});

test('a scope for each group, after the user’s', () => {
  const provider = {
    ...DEFAULT,
    authzTemplate: 'read:/{username}',
    groupTemplate: 'write:/group/{groupname}',
  };
  assert.equal(
    authorizationOf(provider, 'alice', MAP).scope,
    'read:/alice write:/group/cms write:/group/atlas',
  );
  assert.equal(authorizationOf(provider, 'nobody', MAP).scope, 'read:/nobody');
});

test('who is not in the required group is told why', () => {
  const provider = { ...DEFAULT, groupRequirement: 'atlas' };
  assert.equal(authorizationOf(provider, 'alice', MAP).denied, undefined);
  assert.equal(
    authorizationOf(provider, 'bob', MAP).denied,
    'tokens are for members of "atlas" only, and bob is in "cms"',
  );
  assert.equal(
    authorizationOf(provider, 'zoe').denied,
    'tokens are for members of "atlas" only, and zoe is in no group',
  );
});

test('an expression adds to the template', () => {
  const authzTemplateExpression = 'ifThenElse(Username == "ALICE", strcat("write:/home/", username), "")';
  const provider = { authzTemplate: 'read:/', authzTemplateExpression };
  assert.equal(authorizationOf(provider, 'alice').scope, 'read:/ write:/home/alice');
  assert.equal(authorizationOf(provider, 'bob').scope, 'read:/');
  assert.throws(() => authorizationOf({ authzTemplate: '', authzTemplateExpression: '1' }, 'bob'), {
    code: 'config/invalid',
  });
});

const VALUES: readonly (readonly [string, string | number | boolean])[] = [
  ['"a\\"b\\\\c"', 'a"b\\c'],
  ['strcat("x", 1, true)', 'x1true'],
  ['Username =?= "Alice"', false],
  ['Username =!= "Alice"', true],
  ['Username != "ALICE"', false],
  ['"a" == "A" && !false || false', true],
  ['true ? "yes" : "no"', 'yes'],
  ['false ? "a" : true ? "b" : "c"', 'b'],
  ['(1)', 1],
  ['stringListMember(Username, "bob, alice")', true],
  ['toUpper(toLower("aB"))', 'AB'],
  ['IFTHENELSE(0, strcat("never"), "x")', 'x'],
];

for (const [text, expected] of VALUES) {
  test(`expression: ${text}`, () => {
    assert.equal(evaluateExpression(parseExpression(text), { Username: 'alice' }), expected);
  });
}

for (const text of [
  '',
  'Owner',
  'userMap("x", Username)',
  '"open',
  'strcat("a"',
  'ifThenElse(true, "a")',
  '"a" "b"',
  '1.5',
  '"\\x"',
  '[ a = 1 ]',
  'TARGET.Username',
  '('.repeat(1000),
  '!'.repeat(1000),
  `"${'x'.repeat(10_000)}"`,
]) {
  test(`expression refused: ${text.slice(0, 30)}`, () => {
    assert.throws(() => parseExpression(text), { code: 'config/malformed' });
  });
}

test('no expression makes anything but our own errors', () => {
  const piece = fc.constantFrom(
    'strcat(',
    'Username',
    '"x"',
    '(',
    ')',
    ',',
    '==',
    '&&',
    '!',
    '?',
    ':',
    '1',
    'ifThenElse(',
    ' ',
    '"',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((pieces) => pieces.join('')),
      ),
      (text) => {
        try {
          evaluateExpression(parseExpression(text), { Username: 'alice' });
        } catch (error) {
          assert.ok(error instanceof LatchkeyError, String(error));
        }
      },
    ),
    { seed: 4 },
  );
});

test('braces that nothing replaces are noticed', () => {
  assert.equal(templateDefect('read:/{username}', 'username'), undefined);
  assert.match(templateDefect('read:/{user}', 'username') ?? '', /"\{user\}"/);
  assert.match(templateDefect('read:/{username', 'username') ?? '', /only \{username\} is replaced/);
});
