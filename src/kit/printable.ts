/**
 * Text from outside as it may go to a terminal or into a line: control characters, line ends and the marks that turn the
 * direction of writing become `?`, one each. They could clear the screen, forge lines, or show a text backwards.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '?');
}
