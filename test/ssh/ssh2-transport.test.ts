import { after } from 'node:test';
import { openSsh2 } from '../../src/ssh/index.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { startSshd } from '../support/sshd.ts';
import { transportSuite } from './transport-suite.ts';

const PEERS = ['sshd', 'ssh-keygen'];

/** One server for all checks: each has a connection of its own. */
const ground = PEERS.every(findProgram)
  ? startSshd({ after: (end) => after(end as () => Promise<void>) })
  : undefined;

transportSuite('ssh2', async (t) => {
  if (!havePeers(t, ...PEERS) || ground === undefined) return undefined;
  const { target, user, key, knownHosts } = await ground;
  return openSsh2({
    target: { host: target.host, port: target.port, user },
    credential: { identityFiles: [key], isExclusive: true, agentSocket: 'none' },
    hostKeys: { policy: 'strict', knownHostsFiles: [knownHosts] },
  });
});
