// Loaded late, as a whole: bundled, the package itself could only be loaded late without its names.
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** What the library gives with `preserveOrder`: `{ [name]: children }`, or `{ '#text': text }`. */
export type Node = Readonly<Record<string, unknown>>;

/** Nodes of a document, every value as the text that it is; undefined when it is not well-formed or too deep. */
export function nodesOf(document: string, maxDepth: number): readonly Node[] | undefined {
  // The parser alone takes half a document for a whole one.
  if (XMLValidator.validate(document) !== true) return undefined;
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: true,
    ignoreDeclaration: true,
    ignorePiTags: true,
    parseTagValue: false,
    processEntities: false,
    trimValues: false,
    maxNestedTags: maxDepth,
  });
  try {
    return parser.parse(document) as readonly Node[];
  } catch {
    return undefined;
  }
}
