import { LatchkeyError } from '../kit/index.ts';
import type { Node } from './xml-nodes.ts';

/** One element of an answer: its text, or its children. Attributes and namespaces are left out. */
export interface XmlElement {
  readonly name: string;
  /** Without white space at the ends; the five named references and numbers are read. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Answers are some ten levels deep. */
const MAX_DEPTH = 40;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads a document. Declarations of types and entities are refused, so that nothing can grow or be fetched; every value
 * stays the text it is.
 *
 * @throws LatchkeyError `ec2/bad-response`; it says nothing of what the document holds
 */
export async function parseXml(document: string): Promise<XmlElement> {
  if (/<!(?!--|\[CDATA\[)/.test(document)) throw notXml('a document with declarations of its own');
  const { nodesOf } = await import('./xml-nodes.ts');
  const nodes = nodesOf(document, MAX_DEPTH);
  if (nodes === undefined) throw notXml('something else, or half of it');
  const roots = elementsOf(nodes, 0);
  const [root] = roots;
  if (root === undefined || roots.length !== 1) throw notXml(`${roots.length} root elements`);
  return root;
}

/** Text of the element at a path of names below `element`; undefined when there is none, or it is empty. */
export function textAt(element: XmlElement, ...path: readonly string[]): string | undefined {
  const text = elementAt(element, ...path)?.text;
  return text === '' ? undefined : text;
}

/** The first element at a path of names. */
export function elementAt(element: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  let at: XmlElement | undefined = element;
  for (const name of path) at = at?.children.find((child) => child.name === name);
  return at;
}

/** The `<item>` elements of the list `name`. */
export function itemsAt(element: XmlElement, name: string): readonly XmlElement[] {
  return elementAt(element, name)?.children.filter((child) => child.name === 'item') ?? [];
}

function elementsOf(nodes: readonly Node[], depth: number): XmlElement[] {
  if (depth > MAX_DEPTH) throw notXml(`more than ${MAX_DEPTH} levels`);
  return nodes.flatMap((node) =>
    Object.entries(node).flatMap(([name, value]) => {
      if (name === '#text' || !Array.isArray(value)) return [];
      const text = value.map((part: Node) => part['#text'] ?? '').join('');
      return [{ name, text: decode(text).trim(), children: elementsOf(value, depth + 1) }];
    }),
  );
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

function notXml(got: string): LatchkeyError {
  return new LatchkeyError('ec2/bad-response', `expected an XML answer, got ${got}`, {
    hint: 'is this the address of an EC2 endpoint?',
  });
}
