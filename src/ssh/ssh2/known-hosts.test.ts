import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeHostKey, knownTypes, parseKnownHosts } from './known-hosts.ts';

/** A key blob of the given type; only its name and bytes count here. */
function blob(type: string, filling: string): Buffer {
  const name = Buffer.from(type);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return Buffer.concat([length, name, Buffer.from(filling)]);
}

const [ED_A, ED_B, RSA] = [blob('ssh-ed25519', 'a'), blob('ssh-ed25519', 'b'), blob('ssh-rsa', 'r')];
const line = (names: string, key: Buffer) =>
  `${names} ${key.toString('latin1', 4, 4 + key.readUInt32BE())} ${key.toString('base64')} a comment`;

/** `ssh-keygen -H` of OpenSSH 9.2 made this of the names `[127.0.0.1]:4022` and `example.org`. */
const HASHED = [
  '|1|udTPj1ri6q343TVWiytUwl18hUQ=|9mLkQ3n0WpwXuurSU0XsdBVAaZI= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM4X5e0dB6JwOxGr9Hg/NmVlFX3jECadMRa51PLHOL/7',
  '|1|MVGNU2p5S6gVGEX7btyCbHgdzdQ=|3PsfdMjNLm3cPPlPbqjseAWU3wo= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM4X5e0dB6JwOxGr9Hg/NmVlFX3jECadMRa51PLHOL/7',
].join('\n');

function verdict(text: string, host: string, port: number, key: Buffer): string {
  return judgeHostKey(parseKnownHosts(text), { host, port }, key).kind;
}

test('names, lists, wildcards and ports', () => {
  for (const [names, host, port, expected] of [
    ['host', 'host', 22, 'known'],
    ['host', 'HOST', 22, 'known'],
    ['Host', 'host', 22, 'known'],
    ['other,host,10.0.0.1', 'host', 22, 'known'],
    ['host', 'hosts', 22, 'unknown'],
    ['*.example.org', 'a.b.example.org', 22, 'known'],
    ['h?st', 'host', 22, 'known'],
    ['*.example.org,!bad.example.org', 'bad.example.org', 22, 'unknown'],
    ['!bad.example.org', 'good.example.org', 22, 'unknown'],
    ['[host]:2222', 'host', 2222, 'known'],
    ['[host]:2222', 'host', 22, 'unknown'],
    ['[host]:2222', 'host', 2223, 'unknown'],
    ['[*]:2222', 'host', 2222, 'known'],
    // As for OpenSSH: "checking without port identifier".
    ['host', 'host', 2222, 'known'],
  ] as const)
    assert.equal(verdict(line(names, ED_A), host, port, ED_A), expected, `${names} ${host} ${port}`);
});

test('hashed names', () => {
  const key = Buffer.from(HASHED.split(' ').at(-1) ?? '', 'base64');
  assert.equal(verdict(HASHED, '127.0.0.1', 4022, key), 'known');
  assert.equal(verdict(HASHED, 'Example.org', 22, key), 'known');
  assert.equal(verdict(HASHED, '127.0.0.1', 22, key), 'unknown');
  assert.equal(verdict(HASHED, '127.0.0.1', 4022, ED_A), 'changed');
});

test('another key, of the same type or not, is a changed one', () => {
  assert.equal(verdict(line('host', ED_A), 'host', 22, ED_B), 'changed');
  assert.equal(verdict(line('host', RSA), 'host', 22, ED_A), 'changed');
  assert.equal(verdict([line('host', RSA), line('host', ED_A)].join('\n'), 'host', 22, ED_A), 'known');
  assert.equal(verdict(line('[host]:2222', ED_A), 'host', 2222, ED_B), 'changed');
  // Another server of the same machine.
  assert.equal(verdict(line('host', ED_A), 'host', 2222, ED_B), 'unknown');
});

test('what is revoked is refused, whatever else is said of it', () => {
  const text = [line('host', ED_A), `@revoked ${line('*', ED_A)}`].join('\n');
  assert.equal(verdict(text, 'host', 22, ED_A), 'revoked');
  assert.equal(verdict(text, 'host', 22, ED_B), 'changed');
});

test('an authority does not make a plain key known, but it is told', () => {
  const hosts = parseKnownHosts(`@cert-authority ${line('*.example.org', ED_A)}`);
  const server = { host: 'a.example.org', port: 22 };
  assert.deepEqual(judgeHostKey(hosts, server, ED_A), { kind: 'unknown', isCertified: true });
  assert.deepEqual(judgeHostKey(hosts, { host: 'b', port: 22 }, ED_A), {
    kind: 'unknown',
    isCertified: false,
  });
});

test('lines that cannot be read make nothing known', () => {
  for (const text of [
    '',
    '# comment',
    'host',
    'host ssh-ed25519',
    `host ssh-rsa ${ED_A.toString('base64')}`,
    `@something ${line('host', ED_A)}`,
    'host ssh-ed25519 !!!!',
    `|2|x|y ssh-ed25519 ${ED_A.toString('base64')}`,
    `|1| ssh-ed25519 ${ED_A.toString('base64')}`,
  ])
    assert.equal(verdict(text, 'host', 22, ED_A), 'unknown', text);
});

test('the known types come first in what a server is asked for', () => {
  const hosts = parseKnownHosts(
    [line('host', RSA), line('host', ED_A), line('host', ED_B), `@revoked ${line('host', ED_B)}`].join(
      '\r\n',
    ),
  );
  assert.deepEqual(knownTypes(hosts, { host: 'host', port: 22 }), ['ssh-rsa', 'ssh-ed25519']);
});

test('no line takes the reader down, and a pattern of stars does not take it long', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, host) => {
      verdict(text, host, 22, ED_A);
    }),
  );
  assert.equal(verdict(line(`${'*a'.repeat(200)}b`, ED_A), 'a'.repeat(250), 22, ED_A), 'unknown');
});
