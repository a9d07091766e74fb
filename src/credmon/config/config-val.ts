import type { MacroTable, Origin } from './macro.ts';

const MAX_NAMES = 100_000;

/**
 * Reads what `condor_config_val -dump -verbose` prints: `NAME = value`, then lines ` # at: FILE, line N` and ` # raw: NAME = value`.
 * The raw value wins where there is one, so that names can be expanded under any scope. Lines that are neither belong to a
 * value of several lines.
 *
 * @param text at most what the caller lets a program print
 */
export function parseConfigVal(text: string): MacroTable {
  const table: MacroTable = new Map();
  let name: string | undefined;
  let value: string[] = [];
  let raw: string[] | undefined;
  let origin: Origin = { file: '<default>' };
  /** What further lines of a value are added to. */
  let open: string[] | undefined;
  /** Ends a value that began with `@=`. */
  let tag: string | undefined;
  const finish = (): void => {
    if (name === undefined || table.size >= MAX_NAMES) return;
    table.set(name.toUpperCase(), { name, raw: (raw ?? value).join('\n').trim(), origin });
  };
  for (const line of text.split('\n').map((one) => one.replace(/\r$/, ''))) {
    if (tag !== undefined) {
      if (line.trim() === tag) tag = undefined;
      else value.push(line);
      continue;
    }
    const [, found, block, first = ''] = /^([A-Za-z0-9_.]+) (?:@=(\S+)|=(?: (.*))?)$/.exec(line) ?? [];
    const [, label, rest = ''] = /^ # (at|raw|default|use|ref|expanded): ?(.*)$/.exec(line) ?? [];
    if (found !== undefined) {
      finish();
      name = found;
      value = block === undefined ? [first] : [];
      tag = block === undefined ? undefined : `@${block}`;
      raw = undefined;
      origin = { file: '<default>' };
      open = value;
    } else if (label === 'raw') {
      raw = [/^[A-Za-z0-9_.]+ = ?(.*)$/.exec(rest)?.[1] ?? rest];
      open = raw;
    } else if (label !== undefined || line === '' || line.startsWith('#')) {
      if (label === 'at') origin = originOf(rest);
      open = undefined;
    } else open?.push(line);
  }
  finish();
  return table;
}

/** `/etc/condor/condor_config, line 44`, `<Default>`, `<Environment>`, `<Detected>`. */
function originOf(text: string): Origin {
  const [, file = text, line] = /^(.*?)(?:, line (\d{1,9})(?:,.*)?)?$/s.exec(text.trim()) ?? [];
  const plain = file.startsWith('<') ? file.toLowerCase() : file;
  return line === undefined ? { file: plain } : { file: plain, line: Number(line) };
}
