// The shortest proxy that a MyProxy server gives lives for five minutes: three lives take a quarter of an hour.
import { test } from 'node:test';
import { havePeers } from '../support/peers.ts';
import { followsThreeLives } from '../support/three-lives.ts';

test('a proxy of our own MyProxy server and a token follow a job over ssh through three of their lives', async (t) => {
  if (havePeers(t, 'openssl', 'sshd', 'ssh', 'ssh-keygen')) await followsThreeLives(t, 300, 'myproxy');
});
