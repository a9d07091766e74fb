/** The tables of connections as the system shows them: `/proc/net/unix`, `/proc/net/tcp` and `tcp6` one behind the other. */
export interface ConnectionTables {
  readonly unix: string;
  readonly tcp: string;
}

const CONNECTED_UNIX = '03';
const ESTABLISHED = '01';

/**
 * Whether somebody is connected to where a job listens.
 *
 * @param uri as the job has reported it
 */
export function hasClient(uri: string, { unix, tcp }: ConnectionTables): boolean {
  const place = uri.slice(uri.indexOf('@') + 1);
  if (place.startsWith('./u:')) {
    const path = place.slice('./u:'.length);
    // Number, references, protocol, flags, type, state, inode, path: an accepted connection has the path of what accepted it.
    return unix.split('\n').some((line) => {
      const fields = /^\S+: \S+ \S+ \S+ \S+ (\S+) +\d+ (.+)$/.exec(line);
      return fields?.[1] === CONNECTED_UNIX && fields[2] === path;
    });
  }
  const port = Number(place.slice(place.lastIndexOf(':') + 1));
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  // Line, local address, remote address, state: the client's own end has the port as its remote one.
  return tcp.split('\n').some((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    return state === ESTABLISHED && (local?.endsWith(suffix) ?? false);
  });
}
