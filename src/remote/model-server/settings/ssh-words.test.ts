import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sshWords } from './ssh-words.ts';

const read = (text: string) => sshWords(text.split(' ').filter((word) => word !== ''));

test('words of ssh that a login needs are understood, attached or apart, by letter and by name', () => {
  const expected = { identityFiles: ['/k', '/l'], port: 2222, user: 'jane', jump: 'a,b:2', unused: [] };
  assert.deepEqual(read('-i /k -i/l -p 2222 -l jane -J a,b:2'), expected);
  assert.deepEqual(
    read('-oIdentityFile=/k -o identityfile=/l -oPort=2222 -o User=jane -oProxyJump=a,b:2'),
    expected,
  );
  assert.equal(read('-F /etc/ssh/other').configFile, '/etc/ssh/other');
});

test('the first value counts, as with ssh', () => {
  assert.equal(read('-p 1 -p 2').port, 1);
});

test('what has no use here is told word by word', () => {
  assert.deepEqual(read('-C -4 -oCompression=yes -p x -o ServerAliveInterval=5').unused, [
    '-C',
    '-4',
    '-oCompression=yes',
    '-p',
    'x',
    '-o',
    'ServerAliveInterval=5',
  ]);
  assert.deepEqual(read(''), { identityFiles: [], unused: [] });
  assert.deepEqual(read('-o').unused, ['-o']);
});
