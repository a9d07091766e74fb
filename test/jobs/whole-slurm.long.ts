// As whole.long.ts, on Slurm: a quarter of an hour, too.
import { test } from 'node:test';
import { havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS } from '../support/slurm.ts';
import { followsThreeLives } from '../support/three-lives.ts';

const PEERS = ['openssl', 'sshd', 'ssh', 'ssh-keygen'] as const;

test('a proxy of our own MyProxy server and a token follow a Slurm job over ssh through three of their lives', async (t) => {
  if (havePeers(t, ...PEERS, ...SLURM_PROGRAMS)) await followsThreeLives(t, 300, 'myproxy', 'slurm+ssh');
});
