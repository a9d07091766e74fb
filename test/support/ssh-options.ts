import type { SshCredential, SshOptions } from '../../src/ssh/index.ts';
import type { SshGround, SshServer } from './sshd.ts';

/** How to reach a test's sshd with nothing of this machine's own configuration. */
export function sshOptions(
  ground: SshGround,
  credential: SshCredential = { identityFiles: [ground.key] },
  server: SshServer = ground.target,
): SshOptions {
  return {
    target: { host: server.host, port: server.port, user: ground.user },
    credential: { isExclusive: true, agentSocket: 'none', ...credential },
    hostKeys: { policy: 'strict', knownHostsFiles: [ground.knownHosts] },
    configFile: 'none',
    connectTimeoutMs: 20_000,
  };
}
