/** What the words of an ssh command line ask for, as far as a login needs it. */
export interface SshWords {
  readonly identityFiles: readonly string[];
  readonly port?: number;
  readonly user?: string;
  /** `user@host:port,…`, nearest first. */
  readonly jump?: string;
  readonly configFile?: string;
  /** What has no use here: it belongs into ssh's own configuration file. */
  readonly unused: readonly string[];
}

type Found = { -readonly [K in keyof Omit<SshWords, 'identityFiles' | 'unused'>]: SshWords[K] } & {
  identityFiles: string[];
};

/** Each by its letter, and by its name for `-o`. */
const MEANINGS: readonly (readonly [
  letter: string,
  name: string,
  take: (found: Found, value: string) => boolean,
])[] = [
  ['i', 'identityfile', (found, value) => found.identityFiles.push(value) > 0],
  ['p', 'port', (found, value) => isPort(value) && keep(found, { port: Number(value) })],
  ['l', 'user', (found, value) => keep(found, { user: value })],
  ['J', 'proxyjump', (found, value) => keep(found, { jump: value })],
  ['F', '', (found, value) => keep(found, { configFile: value })],
];

/** Reads the words of `options` in an old settings file. The first of several values counts, as with ssh; keys are all offered. */
export function sshWords(words: readonly string[]): SshWords {
  const found: Found = { identityFiles: [] };
  const unused: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [, letter = '', attached = ''] = /^-([iplJFo])(.*)$/s.exec(word) ?? [];
    const value = attached === '' && letter !== '' ? words[++at] : attached;
    const [, name = '', assigned = ''] =
      letter === 'o' ? (/^\s*(\w+)\s*[= ]\s*(.*)$/s.exec(value ?? '') ?? []) : [];
    const meaning = MEANINGS.find(([l, n]) =>
      letter === 'o' ? name !== '' && n === name.toLowerCase() : l === letter,
    );
    const isTaken = meaning?.[2](found, letter === 'o' ? assigned : (value ?? '')) ?? false;
    if (!isTaken)
      unused.push(...(attached === '' && value !== undefined && value !== '' ? [word, value] : [word]));
  }
  return { ...found, unused };
}

function keep(found: Found, value: Partial<Found>): boolean {
  Object.assign(found, { ...value, ...found });
  return true;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= 65_535;
}
