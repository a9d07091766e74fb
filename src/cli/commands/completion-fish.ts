import type { CommandOption, CommandSpec, Completes } from './command-spec.ts';

/** A completion script for fish: one `complete` line for every word and option. */
export function fishCompletion(table: readonly CommandSpec[], globals: readonly CommandOption[]): string {
  const tops = new Map<string, CommandSpec[]>();
  for (const spec of table) {
    const [first = ''] = spec.path;
    tops.set(first, [...(tops.get(first) ?? []), spec]);
  }
  const lines: string[] = [];
  for (const [first, specs] of tops) {
    const [only] = specs;
    const isGroup = (only?.path.length ?? 0) > 1;
    const summary = isGroup ? specs.map((spec) => spec.path[1]).join(', ') : (only?.summary ?? '');
    lines.push(complete('__fish_use_subcommand', `-f -a ${first} -d ${quoted(summary)}`));
    if (!isGroup) continue;
    const seconds = specs.map((spec) => spec.path[1]).join(' ');
    for (const spec of specs) {
      const condition = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${seconds}`;
      lines.push(complete(condition, `-f -a ${spec.path[1]} -d ${quoted(spec.summary)}`));
    }
  }
  for (const spec of table) {
    const condition = spec.path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    lines.push(...[...spec.options, ...globals].map((option) => complete(condition, optionPart(option))));
    const completes = spec.arguments?.[0]?.completes;
    lines.push(complete(condition, completes === undefined ? '-f' : valuePart(completes)));
  }
  return `# fish completion of latchkey; made by: latchkey completion fish\n${lines.join('\n')}\n`;
}

function complete(condition: string, rest: string): string {
  return `complete -c latchkey -n ${quoted(condition)} ${rest}`;
}

function optionPart(option: CommandOption): string {
  const short = option.short === undefined ? '' : `-s ${option.short} `;
  const value = option.value === undefined ? '' : `-r ${valuePart(option.completes)} `;
  return `${short}-l ${option.long} ${value}-d ${quoted(option.help)}`;
}

function valuePart(completes: Completes | undefined): string {
  if (completes === 'file') return '-F';
  if (completes === 'directory') return "-f -a '(__fish_complete_directories)'";
  if (completes === 'user') return "-f -a '(command ls .latchkey/users 2>/dev/null)'";
  return completes === undefined ? '-f' : `-f -a ${quoted(completes.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
