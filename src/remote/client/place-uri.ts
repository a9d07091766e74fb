import { formatPyroUri, type ObjectUri, type PyroLocation, parseObjectUri } from '../../pyro/index.ts';
import type { ForwardEnd } from '../../ssh/index.ts';
import type { Place } from '../link/place.ts';

/** Where an object listens, as the machine names it that published the URI. @throws LatchkeyError `pyro/uri` */
export function placeOf(uri: string, machine: string): Place {
  return { machine, end: endOf(parseObjectUri(uri).location) };
}

/** The same object at another address: as an observer sees it. @throws LatchkeyError `pyro/uri` */
export function uriAt(uri: string, end: ForwardEnd): string {
  const moved: ObjectUri = { ...parseObjectUri(uri), location: locationOf(end) };
  return formatPyroUri(moved);
}

function endOf(location: PyroLocation): ForwardEnd {
  return 'path' in location
    ? { socketPath: location.path }
    : { host: location.host === 'localhost' ? '127.0.0.1' : location.host, port: location.port };
}

export function locationOf(end: ForwardEnd): PyroLocation {
  return 'socketPath' in end ? { path: end.socketPath } : { host: end.host ?? '127.0.0.1', port: end.port };
}
