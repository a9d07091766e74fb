import { CREDMON_KEYS, type CredmonKey } from '../../src/credmon/index.ts';

/** The tables of docs/credmon-configuration.md, as the reader's own table of keys has them. */
export function keyTables(): string {
  return Object.entries(CREDMON_KEYS)
    .map(([title, keys]) => `### ${title}\n\n${table(keys)}`)
    .join('\n\n');
}

function table(keys: readonly CredmonKey[]): string {
  const rows = keys.map(({ key, toml, default: fallback, doc, isOurs }) => {
    const name = `\`${key}\`${isOurs === true ? ' °' : ''}`;
    return `| ${name} | ${toml === undefined ? '–' : `\`${toml}\``} | ${fallback} | ${doc} |`;
  });
  return [
    "| HTCondor's configuration | `latchkey.toml` | Default | Meaning |",
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
