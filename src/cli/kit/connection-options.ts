import type { GivenOption, OptionSpec } from './getopt.ts';
import { atoi, type ToolInterface } from './read-options.ts';
import { fail, type ToolContext } from './tool.ts';
import { usageText } from './usage-text.ts';

/** The port of a MyProxy server when nobody says otherwise. */
const DEFAULT_PORT = 7512;

/** Which server to talk to, from options and environment. */
export interface ConnectionChoice {
  /** `host[:port][,host[:port]…]` as given; undefined when nobody named one. */
  servers: string | undefined;
  port: number;
}

/** The options that say which server. */
export const connectionOptions: readonly OptionSpec[] = [
  {
    short: 's',
    long: 'pshost',
    value: 'hostname',
    help: 'The MyProxy server; default: the environment variable MYPROXY_SERVER',
  },
  { short: 'p', long: 'psport', value: 'port #', help: 'Its port (default 7512, or MYPROXY_SERVER_PORT)' },
];

/** Starts from the environment (`MYPROXY_SERVER`, `MYPROXY_SERVER_PORT`) and takes `-s` and `-p`. */
export function connectionReader(env: ToolContext['env']): {
  readonly choice: ConnectionChoice;
  take(option: GivenOption): boolean;
} {
  const port = env.MYPROXY_SERVER_PORT;
  const choice: ConnectionChoice = {
    servers: env.MYPROXY_SERVER,
    port: port === undefined ? DEFAULT_PORT : atoi(port),
  };
  const take = ({ key, value = '' }: GivenOption): boolean => {
    if (key === 's') choice.servers = value;
    else if (key === 'p') choice.port = atoi(value);
    else return false;
    return true;
  };
  return { choice, take };
}

/**
 * The server list.
 *
 * @param face of tools that print their usage before they complain
 * @throws ToolExit when nobody named a server
 */
export function requireServers(choice: ConnectionChoice, face?: ToolInterface, complaint?: string): string {
  if (choice.servers !== undefined) return choice.servers;
  throw fail(
    `${face === undefined ? '' : usageText(face.tool, face.synopsis, face.options)}${complaint ?? UNSPECIFIED}`,
  );
}

const UNSPECIFIED =
  'Unspecified myproxy-server. Please set the MYPROXY_SERVER environment variable\n' +
  'or set the myproxy-server hostname via the -s flag.';
