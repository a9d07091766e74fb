import type { AttributeRequest } from './contact-request.ts';

/**
 * The request of the older interface: an XML document without any frame. `<base64>1</base64>` asks for the answer in ordinary
 * base64 instead of VOMS' own. The request must have been checked.
 */
export function encodeLegacyRequest(request: AttributeRequest): string {
  const { fqans, order, targets, lifetimeSeconds } = request;
  const commands = fqans === 'all' ? ['A'] : fqans.map(legacyCommand);
  const element = (name: string, text: string): string => `<${name}>${text}</${name}>`;
  return [
    '<?xml version="1.0" encoding="US-ASCII"?><voms>',
    ...commands.map((command) => element('command', command)),
    ...(order.length === 0 ? [] : [element('order', order.map(legacyOrder).join(','))]),
    ...(targets.length === 0 ? [] : [element('targets', targets.join(','))]),
    element('base64', '1'),
    element('version', '4'),
    element('lifetime', String(lifetimeSeconds)),
    '</voms>',
  ].join('');
}

function legacyCommand(fqan: string): string {
  const { group, role } = splitFqan(fqan);
  return role === undefined ? `G${group}` : `B${group}:${role}`;
}

function legacyOrder(fqan: string): string {
  const { group, role } = splitFqan(fqan);
  return role === undefined ? group : `${group}:${role}`;
}

function splitFqan(fqan: string): { readonly group: string; readonly role: string | undefined } {
  const at = fqan.indexOf('/Role=');
  return at < 0
    ? { group: fqan, role: undefined }
    : { group: fqan.slice(0, at), role: fqan.slice(at + '/Role='.length) };
}
