import type { Finding } from '../kit/index.ts';

/** One line of a grid-mapfile. */
export interface GridMapping {
  /** One-line DN; bytes that are not printable ASCII as `\xNN`, upper case. */
  readonly dn: string;
  /** The first is the default. */
  readonly usernames: readonly string[];
}

/** What a grid-mapfile says. */
export interface GridMapfile {
  readonly mappings: readonly GridMapping[];
  /** Lines that were skipped; `index` is the line number from 1. */
  readonly findings: readonly Finding[];
}

/** `"DN" user[,user…]`, the DN with backslash escapes, unquoted if it holds no blank. */
const LINE = /^[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^" \t#][^ \t]*))[ \t]*(.*)$/s;

/** Parses a grid-mapfile as Globus does: `#` comments, `\xNN` and `\c` escapes in the DN, users apart by commas or blanks. */
export function parseGridMapfile(text: string): GridMapfile {
  const mappings: GridMapping[] = [];
  const findings: Finding[] = [];
  text.split('\n').forEach((line, index) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return;
    const match = LINE.exec(trimmed);
    const usernames = match?.[3]?.split(/[, \t\r]+/).filter((name) => name !== '') ?? [];
    if (match === null || usernames.length === 0) {
      const message = match === null ? 'no DN, or no closing quote' : 'no user name after the DN';
      findings.push({ code: 'grid-mapfile/malformed', message, index: index + 1 });
      return;
    }
    mappings.push({ dn: unescapeDn(match[1] ?? match[2] ?? ''), usernames });
  });
  return { mappings, findings };
}

/**
 * May the DN act as the user? As with Globus, only the first line with the DN counts, DNs are compared without regard
 * to case, and the spellings of e-mail and user id attributes are the same.
 */
export function mapsTo(mapfile: GridMapfile, dn: string, username: string): boolean {
  const wanted = comparable(dn);
  const mapping = mapfile.mappings.find((candidate) => comparable(candidate.dn) === wanted);
  return mapping?.usernames.includes(username) ?? false;
}

function unescapeDn(dn: string): string {
  const plain = dn.replace(/\\x([0-9a-fA-F]{2})|\\([\s\S])/g, (_whole, hex?: string, character?: string) =>
    hex === undefined ? (character ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Array.from(plain, (character) => {
    const code = character.charCodeAt(0);
    if (code >= 0x20 && code <= 0x7e) return character;
    const bytes = code <= 0xff ? [code] : [...Buffer.from(character, 'utf8')];
    return bytes.map((byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  }).join('');
}

function comparable(dn: string): string {
  return dn
    .toLowerCase()
    .replace(/\/(emailaddress|email|e)=/g, '/email=')
    .replace(/\/(userid|uid)=/g, '/uid=');
}
