import type { CommandOption, CommandSpec, Completes } from './command-spec.ts';

/** A completion script for bash: one `case` over the command, one over the option whose value is being typed. */
export function bashCompletion(table: readonly CommandSpec[], globals: readonly CommandOption[]): string {
  const words = new Map<string, string[]>();
  for (const { path } of table) {
    const [first = '', second] = path;
    const seconds = words.get(first) ?? [];
    if (second !== undefined) seconds.push(second);
    words.set(first, seconds);
  }
  const groups = [...words].filter(([, seconds]) => seconds.length > 0);
  const cases = table.map((spec) => {
    const options = [...spec.options, ...globals];
    const values = options.flatMap((option) => valueCase(option));
    return `    ${quoted(spec.path.join(' '))})
      case $previous in
${values.join('')}        *) _latchkey_words ${quoted(options.flatMap((option) => names(option)).join(' '))} ${argumentOf(spec)} ;;
      esac ;;
`;
  });
  return `# bash completion of latchkey; made by: latchkey completion bash
_latchkey_words() {
  # $1 options, $2 what an argument may be
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$1" -- "$current"))
  else
    _latchkey_value "$2"
  fi
}
_latchkey_value() {
  case $1 in
    file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    directory) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")) ;;
    user) COMPREPLY=($(compgen -W "$(ls "\${LATCHKEY_STATE:-.latchkey}/users" 2>/dev/null)" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$1" -- "$current")) ;;
  esac
}
_latchkey() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local command=\${COMP_WORDS[1]-}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _latchkey_words ${quoted('--help --version')} ${quoted([...words.keys(), 'help'].join(' '))}
    return
  fi
  case $command in
${groups
  .map(
    ([first, seconds]) => `    ${first})
      if ((COMP_CWORD == 2)); then _latchkey_value ${quoted(seconds.join(' '))}; return; fi
      command="$command \${COMP_WORDS[2]}" ;;
`,
  )
  .join('')}  esac
  case $command in
${cases.join('')}  esac
}
complete -F _latchkey latchkey
`;
}

function names(option: CommandOption): string[] {
  return [...(option.short === undefined ? [] : [`-${option.short}`]), `--${option.long}`];
}

function valueCase(option: CommandOption): string[] {
  if (option.value === undefined) return [];
  return [`        ${names(option).join('|')}) _latchkey_value ${quoted(kindOf(option.completes))} ;;\n`];
}

function argumentOf(spec: CommandSpec): string {
  return quoted(kindOf(spec.arguments?.[0]?.completes));
}

function kindOf(completes: Completes | undefined): string {
  return completes === undefined ? '' : typeof completes === 'string' ? completes : completes.join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
