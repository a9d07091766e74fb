import type { AttributeRequest } from './contact-request.ts';

/**
 * The request of the REST interface, as HTTP/1.0: the answer then ends with the connection, and is never in chunks. Nothing
 * is percent-encoded, because servers do not decode; the request must have been checked.
 */
export function encodeRestRequest(request: AttributeRequest, host: string, port: number): string {
  const { fqans, order, targets, lifetimeSeconds } = request;
  const asked = fqans === 'all' ? ['all'] : fqans;
  const query = [
    ...(asked.length === 0 ? [] : [`fqans=${asked.join(',')}`]),
    `lifetime=${lifetimeSeconds}`,
    ...(order.length === 0 ? [] : [`order=${order.join(',')}`]),
    ...(targets.length === 0 ? [] : [`targets=${targets.join(',')}`]),
  ].join('&');
  const where = host.includes(':') ? `[${host}]` : host;
  return [
    `GET /generate-ac?${query} HTTP/1.0`,
    `Host: ${where}:${port}`,
    'User-Agent: latchkey',
    'Accept: */*',
    'Connection: close',
    '',
    '',
  ].join('\r\n');
}
