import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loginFailure, plainLine } from './failure.ts';

/** Lines as OpenSSH writes them; those of a jump host come among the target's. */
const CASES: readonly [string, readonly string[], string, string | undefined][] = [
  [
    'a name that does not resolve',
    ['ssh: Could not resolve hostname nosuch.invalid: Name or service not known'],
    'ssh/unreachable',
    'name',
  ],
  [
    'a closed port',
    ['ssh: connect to host 127.0.0.1 port 1: Connection refused'],
    'ssh/unreachable',
    'refused',
  ],
  [
    'macOS and the BSDs on a silent host',
    ['ssh: connect to host 10.0.0.1 port 22: Operation timed out'],
    'ssh/unreachable',
    'timed-out',
  ],
  [
    'a server that accepts and says nothing',
    ['Connection timed out during banner exchange', 'Connection to 127.0.0.1 port 2222 timed out'],
    'ssh/unreachable',
    'timed-out',
  ],
  ['no route', ['ssh: connect to host 10.0.0.1 port 22: No route to host'], 'ssh/unreachable', 'no-route'],
  [
    'MaxStartups, as sshd told it before 9.8',
    [
      'kex_exchange_identification: banner line 0: Exceeded MaxStartups',
      'kex_exchange_identification: Connection closed by remote host',
    ],
    'ssh/unreachable',
    'too-many',
  ],
  [
    'a penalty, or MaxStartups, of sshd 9.8',
    [
      'kex_exchange_identification: banner line 0: Not allowed at this time',
      'kex_exchange_identification: read: Connection reset by peer',
    ],
    'ssh/unreachable',
    'not-allowed',
  ],
  [
    'MaxStartups, or a penalty, of a server that says nothing',
    [
      'kex_exchange_identification: Connection closed by remote host',
      'Connection closed by 127.0.0.1 port 2222',
    ],
    'ssh/unreachable',
    'closed',
  ],
  [
    'no algorithm in common',
    ['Unable to negotiate with 127.0.0.1 port 2222: no matching host key type found. Their offer: ssh-rsa'],
    'ssh/unreachable',
    'algorithms',
  ],
  [
    'a target that the jump host does not reach',
    [
      'channel 0: open failed: connect failed: Connection refused',
      'stdio forwarding failed',
      'kex_exchange_identification: Connection closed by remote host',
    ],
    'ssh/unreachable',
    'jump',
  ],
  [
    'a jump host that lets nobody in',
    ['alice@jump: Permission denied (publickey).', 'Connection closed by UNKNOWN port 65535'],
    'ssh/denied',
    'refused',
  ],
  [
    'a jump host with another key',
    [
      'No ED25519 host key is known for [jump]:2222 and you have requested strict checking.',
      'Host key verification failed.',
      'Connection closed by UNKNOWN port 65535',
    ],
    'ssh/host-key',
    'unknown',
  ],
  [
    'a revoked key',
    ['@       WARNING: REVOKED HOST KEY DETECTED!               @', 'Host key verification failed.'],
    'ssh/host-key',
    'revoked',
  ],
  [
    'too many keys',
    ['Received disconnect from 127.0.0.1 port 2222:2: Too many authentication failures'],
    'ssh/denied',
    'refused',
  ],
  [
    'an option that this version does not know',
    [
      '/tmp/x/config.0: line 3: Bad configuration option: foo',
      '/tmp/x/config.0: terminating, 1 bad configuration options',
    ],
    'ssh/program',
    'configuration',
  ],
  ['nothing at all', [], 'ssh/unreachable', 'other'],
];

for (const [name, lines, code, reason] of CASES) {
  test(`ssh's words tell ${name}`, () => {
    const error = loginFailure({ target: 'alice@host', lines });
    assert.deepEqual([error.code, error.details.reason], [code, reason]);
    assert.ok(error.message.includes(reason === 'configuration' ? 'config' : 'alice@host'));
  });
}

test('a key that cannot be used is named in the error, and control characters go nowhere', () => {
  const error = loginFailure({
    target: 'alice@host',
    lines: [
      'Load key "/k/id": bad permissions\u001b[2J',
      'alice@host: Permission denied (publickey,password).',
    ],
  });
  assert.match(error.message, /Load key "\/k\/id": bad permissions\?\[2J/);
  assert.deepEqual(error.details.methods, ['publickey', 'password']);
});

test('a changed host key is said to be of the machine that ssh names, not of the target behind it', () => {
  const changed = (target: string, name: string) =>
    loginFailure({
      target,
      lines: [
        '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @',
        'Offending ED25519 key in /k/known_hosts:2',
        `Host key for ${name} has changed and you have requested strict checking.`,
      ],
    }).message;
  assert.match(
    changed('alice@b:22', '[gate]:2222'),
    /^the host key of \[gate\]:2222, on the way to alice@b:22, is/,
  );
  assert.match(changed('127.0.0.1:42', '[127.0.0.1]:43'), /of \[127\.0\.0\.1\]:43, on the way/);
  for (const [target, name] of [
    ['alice@b:22', 'b'],
    ['alice@b:2222', '[b]:2222'],
    ['alice@B', '[b]:2222'],
    ['::1', '::1'],
  ] as const)
    assert.match(changed(target, name), new RegExp(`^the host key of ${target} is`));
});

test('lines of LogVerbose are as without it, and of its own only what the server said is kept', () => {
  const at = 'kex.c:kex_exchange_identification():1430 (pid=23672)';
  assert.deepEqual(
    [
      `debug1: ${at}: Local version string SSH-2.0-OpenSSH_9.2p1`,
      `debug1: ${at}: banner line 0: Not allowed at this time`,
      `debug1: ${at}: banner line 1: Permission denied (password).`,
      `${at}: Connection closed by remote host`,
      'kex.c:kex_exchange_identification():1 (bin=ssh, pid=2): read: Connection reset by peer',
      'Connection closed by 127.0.0.1 port 22',
    ].map(plainLine),
    [
      undefined,
      'kex_exchange_identification: banner line 0: Not allowed at this time',
      undefined,
      'kex_exchange_identification: Connection closed by remote host',
      'kex_exchange_identification: read: Connection reset by peer',
      'Connection closed by 127.0.0.1 port 22',
    ],
  );
});

test('what a terminal obeys does not get into the error of a machine that cannot be reached', () => {
  const lines = ['Connection closed by \x1b]0;owned\x07\x1b[2J port 22'];
  const { message, details } = loginFailure({ target: 'b:22', lines });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(message + JSON.stringify(details), /[\x00-\x1f\x7f]/);
  assert.match(message, /cannot be reached: Connection closed by .*owned/);
});
