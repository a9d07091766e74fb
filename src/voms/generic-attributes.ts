import {
  Cursor,
  children,
  type Element,
  implicitTag,
  readOctetString,
  readOnly,
  TAG,
} from '../asn1/index.ts';
import { malformed } from './reading.ts';

/** A generic attribute: a name and a value that a virtual organization gives its members. */
export interface GenericAttribute {
  readonly name: string;
  readonly value: string;
  /** What it is about: a group, the organization, or nothing. */
  readonly qualifier: string;
}

const MAX_GENERIC_ATTRIBUTES = 4096;

/** Reads the extension: lists of attributes, each with the authority that granted them. */
export function readGenericAttributes(value: Buffer | undefined): readonly GenericAttribute[] {
  if (value === undefined) return [];
  const outer = new Cursor(readOnly(value, TAG.sequence));
  // Servers before 1.9 send an empty list where there are none.
  const providers = outer.done ? [] : children(outer.take(TAG.sequence));
  outer.end();
  const attributes: GenericAttribute[] = [];
  for (const provider of providers) {
    const cursor = new Cursor(provider);
    const grantor = new Cursor(cursor.take(TAG.sequence));
    grantor.take(implicitTag(6));
    grantor.end();
    const list = children(cursor.take(TAG.sequence));
    cursor.end();
    if (attributes.length + list.length > MAX_GENERIC_ATTRIBUTES)
      throw malformed(`more than ${MAX_GENERIC_ATTRIBUTES} generic attributes`);
    attributes.push(...list.map(readOne));
  }
  return Object.freeze(attributes);
}

function readOne(element: Element): GenericAttribute {
  const cursor = new Cursor(element);
  const [name, value, qualifier] = [cursor.take(), cursor.take(), cursor.take()].map((part) =>
    readOctetString(part).toString('utf8'),
  );
  cursor.end();
  return Object.freeze({ name: name ?? '', value: value ?? '', qualifier: qualifier ?? '' });
}
