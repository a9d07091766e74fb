/**
 * A JSON document that may go to a terminal: what steers one or turns the direction of writing, and JSON leaves as it is, is escaped. It says
 * the same.
 *
 * @param indent spaces a level
 */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value ?? null, null, indent);
  return text.replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
