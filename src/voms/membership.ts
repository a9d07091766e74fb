import {
  Cursor,
  children,
  contextTag,
  type Element,
  implicitTag,
  readOctetString,
  readOid,
  TAG,
} from '../asn1/index.ts';
import { quote } from '../kit/index.ts';
import { VOMS } from './identifiers.ts';
import { malformed } from './reading.ts';

/** What a server says of its user: the VOMS attribute (an IetfAttrSyntax, RFC 5755 §4.4). */
export interface Membership {
  /** Name of the virtual organization. */
  readonly vo: string;
  /** Host of the server; the file `<vo>/<host>.lsc` says who may speak for the organization from there. */
  readonly host: string;
  /** Port of the server; undefined when it does not say. */
  readonly port: number | undefined;
  /** The policy authority as it came: `vo://host:port`. */
  readonly uri: string;
  /** Groups and roles in the server's order, exactly as they came; the first is the primary one. */
  readonly fqans: readonly string[];
}

const MAX_ATTRIBUTES = 64;
const MAX_FQANS = 4096;
const MAX_FQAN_BYTES = 1024;

/** Reads the attributes: exactly one is the VOMS one, with one value; others are passed over. */
export function readMembership(element: Element): Membership {
  const attributes = children(element);
  if (attributes.length > MAX_ATTRIBUTES) throw malformed(`${attributes.length} attributes`);
  const found = attributes.map(readAttribute).filter(({ oid }) => oid === VOMS.attributes);
  const [membership] = found;
  if (membership === undefined) throw malformed('it has no VOMS attribute');
  if (found.length > 1) throw malformed('it has the VOMS attribute twice');
  const [value, ...others] = children(membership.values);
  if (value === undefined || others.length > 0)
    throw malformed('its VOMS attribute has not exactly one value');
  return readValue(value);
}

function readAttribute(element: Element): { oid: string; values: Element } {
  const cursor = new Cursor(element);
  const oid = readOid(cursor.take());
  const values = cursor.take(TAG.set);
  cursor.end();
  return { oid, values };
}

function readValue(element: Element): Membership {
  const cursor = new Cursor(element);
  const names = new Cursor(cursor.take(contextTag(0)));
  const uri = names.take(implicitTag(6)).contents.toString('latin1');
  names.end();
  const fqans = children(cursor.take(TAG.sequence));
  cursor.end();
  if (fqans.length > MAX_FQANS)
    throw malformed(`${fqans.length} groups and roles, where ${MAX_FQANS} are the limit`);
  const { vo, host, port } = readUri(uri);
  return Object.freeze({
    vo,
    host,
    port,
    uri,
    fqans: Object.freeze(fqans.map((fqan) => readFqan(fqan, vo))),
  });
}

/** Names of organization and host become names of files, so they are letters, digits and a few signs. */
const URI =
  /^(?<vo>[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}):\/\/(?<host>[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?<port>[0-9]{1,5}))?$/;

function readUri(uri: string): { vo: string; host: string; port: number | undefined } {
  const { vo, host, port } = URI.exec(uri)?.groups ?? {};
  if (vo === undefined || host === undefined) throw malformed(`${quote(uri)} where "vo://host:port" belongs`);
  return { vo, host, port: port === undefined ? undefined : Number(port) };
}

/** Every FQAN begins with the organization's own group: no server speaks for another. */
function readFqan(element: Element, vo: string): string {
  const bytes = readOctetString(element);
  const text = bytes.toString('utf8');
  if (bytes.length > MAX_FQAN_BYTES) throw malformed(`a group or role of ${bytes.length} bytes`);
  if (text !== `/${vo}` && !text.startsWith(`/${vo}/`))
    throw malformed(`the group or role ${quote(text)} is not one of ${quote(vo)}`);
  if (/[\p{Cc}\ufffd]/u.test(text))
    throw malformed(`control characters or bytes that are no text in ${quote(text)}`);
  return text;
}
