const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * The contents of the elements of one name, in order, as they stand in the text. For the two small vocabularies of VOMS only:
 * no attributes are read, an element does not contain one of its own name, and there is no document type. Linear in the text.
 */
export function elementsNamed(xml: string, name: string): readonly string[] {
  const found: string[] = [];
  const open = `<${name}`;
  const close = `</${name}>`;
  let at = xml.indexOf(open);
  while (at >= 0) {
    // `<voms` is not the beginning of `<vomsans>`.
    if (!/[\s/>]/.test(xml.at(at + open.length) ?? '')) {
      at = xml.indexOf(open, at + open.length);
      continue;
    }
    const head = xml.indexOf('>', at);
    if (head < 0) break;
    if (xml.at(head - 1) === '/') {
      found.push('');
      at = xml.indexOf(open, head);
      continue;
    }
    const end = xml.indexOf(close, head);
    if (end < 0) break;
    found.push(xml.slice(head + 1, end));
    at = xml.indexOf(open, end + close.length);
  }
  return found;
}

/** The text of an element's contents: entities and CDATA are resolved. */
export function elementText(contents: string): string {
  const cdata = /^\s*<!\[CDATA\[([\s\S]*)\]\]>\s*$/.exec(contents);
  if (cdata !== null) return cdata[1] ?? '';
  return contents.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{1,8}));/gi,
    (all, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[name] ?? all;
      const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return point > 0 && point <= 0x10_ff_ff ? String.fromCodePoint(point) : all;
    },
  );
}

/** Text for the contents of an element. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[<>&"]/g, (character) => `&${NAMES[character] ?? ''};`);
}

const NAMES: Readonly<Record<string, string>> = { '<': 'lt', '>': 'gt', '&': 'amp', '"': 'quot' };
