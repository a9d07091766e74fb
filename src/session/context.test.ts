import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { isLatchkeyError, Secret } from '../kit/index.ts';
import { Context, copyContext } from './context.ts';

function refusal(act: () => unknown): { message: string; hint: string | undefined } {
  try {
    act();
  } catch (error) {
    assert.ok(isLatchkeyError(error, 'session/context-invalid'), String(error));
    return { message: error.message, hint: error.hint };
  }
  return assert.fail('nothing was refused');
}

test('types are known in any case, and an unknown one is told with the nearest', () => {
  for (const name of ['UserPass', 'SSH', 'X509', 'MyProxy', 'EC2', 'EC2_KEYPAIR', 'Token', 'VOMS'] as const) {
    assert.equal(new Context(name).type, name);
    const lower = name.toLowerCase() as Lowercase<typeof name>;
    assert.equal(new Context(lower).type, name);
  }
  assert.equal(new Context('mYpRoXy' as 'MyProxy').type, 'MyProxy');
  assert.match(refusal(() => new Context('MyProxi' as 'MyProxy')).hint ?? '', /did you mean "MyProxy"/);
  assert.match(refusal(() => new Context('kerberos' as 'SSH')).hint ?? '', /UserPass, SSH, X509/);
});

test('one attribute has three spellings', () => {
  const context = new Context('SSH');
  context.user_id = 'johndoe';
  assert.equal(context.userId, 'johndoe');
  assert.equal(context.UserID, 'johndoe');
  context.UserKey = '~/.ssh/key';
  assert.equal(context.user_key, '~/.ssh/key');
  context.userKey = undefined;
  assert.equal(context.user_key, undefined);
  assert.deepEqual(Object.keys(context), ['user_id']);
  assert.equal('user_key' in context, false);
});

test('an attribute that means nothing is refused by the compiler and at run time', () => {
  const proxy = new Context('X509');
  assert.match(
    refusal(() => {
      // @ts-expect-error a proxy has no pass phrase
      proxy.user_pass = 'secret';
    }).message,
    /"user_pass" means nothing for a context of type X509/,
  );
  assert.match(
    refusal(() => {
      // @ts-expect-error misspelt
      new Context('SSH').user_kye = '/x';
    }).hint ?? '',
    /did you mean "user_key"/,
  );
  // @ts-expect-error hours are a number or text
  refusal(() => new Context('MyProxy', { life_time: true }));
  // @ts-expect-error EC2 has no life time
  refusal(() => new Context('EC2', { life_time: 12 }));
  // @ts-expect-error a path is no secret source
  refusal(() => new Context('SSH', { user_key: { env: 'KEY' } }));
  // … but the secret of EC2, which has the same name, is.
  new Context('EC2', { user_key: { env: 'KEY' } });
  // @ts-expect-error not a type
  refusal(() => new Context('Kerberos'));
  refusal(() => {
    // @ts-expect-error the pass phrase means nothing for EC2, whatever the case of the type
    new Context('ec2').userPass = 'x';
  });
});

test('no way of printing shows a secret, nor how long it is', () => {
  for (const secret of ['hunter2', 'a much longer pass phrase than that']) {
    const contexts = [
      new Context('UserPass', { user_id: 'jane', user_pass: secret }),
      new Context('SSH', { user_id: 'jane', user_pass: secret }),
      new Context('MyProxy', { user_id: 'jane', user_pass: secret }),
      new Context('EC2', { user_id: 'jane', user_key: secret, session_token: secret }),
      new Context('Token', { token: secret }),
    ];
    for (const context of contexts) {
      const shown = [
        String(context),
        inspect(context, { depth: 9, showHidden: true }),
        JSON.stringify(context),
        JSON.stringify({ ...context }),
        inspect({ ...context }),
        inspect([context]),
        `${context}`,
      ].join('\n');
      assert.ok(!shown.includes(secret), shown);
      assert.ok(shown.includes('[secret]'), shown);
      assert.ok(!shown.includes(String(secret.length)), shown);
    }
  }
  assert.equal(
    inspect(new Context('UserPass', { user_id: 'jane', user_pass: 'x' })),
    'Context(UserPass, user_id="jane", user_pass="[secret]")',
  );
});

test('a context is copied with its values, and the copy is another', () => {
  const context = new Context('SSH', { user_id: 'jane', user_pass: 'secret', hosts: '*.example.org' });
  const copy = copyContext(context) as typeof context;
  const again = new Context(context.type, { ...context });
  context.user_id = 'john';
  (context.user_pass as Secret).wipe();
  for (const other of [copy, again]) assert.equal(other.user_id, 'jane');
  assert.equal((copy.user_pass as Secret).revealText(), 'secret');
  assert.deepEqual(copy.hosts, ['*.example.org']);
});

test('values that cannot be are refused when they are set', () => {
  refusal(() => new Context('SSH', { user_id: '' }));
  refusal(() => new Context('SSH', { user_id: 'jane\nroot' }));
  refusal(() => new Context('MyProxy', { life_time: -1 }));
  refusal(() => new Context('SSH', { hosts: [''] }));
  refusal(() => new Context('SSH', { user_pass: 7 as unknown as string }));
  refusal(() => new Context('SSH', { user_pass: { command: [] } }));
  for (const source of [
    new Secret('x'),
    () => 'x',
    { env: 'X' },
    { command: ['pass', 'x'] },
    { file: '~/x' },
  ]) {
    new Context('SSH', { user_pass: source });
  }
});

test('what programs ask of any object does no harm', async () => {
  const context = new Context('SSH', { user_id: 'jane' });
  assert.equal(await Promise.resolve(context), context);
  assert.ok(context instanceof Context);
  assert.equal((context as unknown as Record<string, unknown>).nothing, undefined);
  assert.deepEqual(Object.entries(context), [['user_id', 'jane']]);
});
