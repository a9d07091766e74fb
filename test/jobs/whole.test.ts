import { test } from 'node:test';
import { havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS } from '../support/slurm.ts';
import { followsThreeLives } from '../support/three-lives.ts';

const PEERS = ['openssl', 'sshd', 'ssh', 'ssh-keygen'] as const;

test('a proxy and a token follow a job over ssh through three of their lives, and are gone after it', async (t) => {
  if (havePeers(t, ...PEERS)) await followsThreeLives(t, 12, 'here');
});

test('the same on Slurm, over ssh', async (t) => {
  if (havePeers(t, ...PEERS, ...SLURM_PROGRAMS)) await followsThreeLives(t, 12, 'here', 'slurm+ssh');
});
