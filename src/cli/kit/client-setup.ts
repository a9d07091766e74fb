import type { MyProxyClient, Notice, ServerPeer } from '../../myproxy/index.ts';
import type { ConnectionChoice } from './connection-options.ts';
import type { ToolContext } from './tool.ts';
import { buildNote } from './usage-text.ts';

/** What a client needs besides the server. */
export interface ClientSetup {
  readonly servers: string;
  readonly connection: ConnectionChoice;
  readonly verbose: boolean;
}

/** The library's client with a tool's settings. Loads the library: call it when the command line is known to be good. */
export async function openClient(context: ToolContext, setup: ClientSetup): Promise<MyProxyClient> {
  const { MyProxyClient: Client } = await import('../../myproxy/index.ts');
  if (setup.verbose) context.err(`MyProxy ${buildNote()}\n`);
  return new Client({
    hostname: setup.servers,
    port: setup.connection.port,
    env: { ...context.env },
    onNotice: (notice) => tellNotice(context, notice, setup.verbose),
    keyPassphrase: async () => {
      const { askKeyPassPhrase } = await import('./key-pass-phrase.ts');
      return askKeyPassPhrase(context);
    },
  });
}

/** With `-v`: whom the tool talked to, as `key: value` lines. */
export function tellServer(context: ToolContext, verbose: boolean, server: ServerPeer): void {
  if (!verbose) return;
  context.err(
    `Connected to ${server.host}:${server.port} (${server.address}), ${server.tlsVersion}\n` +
      `server name: ${server.dn}\n` +
      `authenticated: ${server.authenticated ? 'with a certificate' : 'anonymously'}\n`,
  );
}

/** Trust on first use is always told, everything else only with `-v`. */
function tellNotice(context: ToolContext, notice: Notice, verbose: boolean): void {
  if (notice.code === 'bootstrapped') {
    context.err(`Bootstrapping MyProxy server root of trust.\n${notice.message}\n`);
  } else if (verbose) context.err(`${notice.message}\n`);
}
