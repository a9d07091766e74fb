import { test } from 'node:test';
import { havePeers } from '../support/peers.ts';
import { followsThreeLives } from '../support/three-lives.ts';

test('a proxy and a token follow a job over ssh through three of their lives, and are gone after it', async (t) => {
  if (havePeers(t, 'openssl', 'sshd', 'ssh', 'ssh-keygen')) await followsThreeLives(t, 12, 'here');
});
