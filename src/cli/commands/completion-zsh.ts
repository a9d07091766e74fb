import type { CommandOption, CommandSpec, Completes } from './command-spec.ts';

/** A completion script for zsh, with the help text of every command and option. */
export function zshCompletion(table: readonly CommandSpec[], globals: readonly CommandOption[]): string {
  const groups = new Map<string, CommandSpec[]>();
  for (const spec of table) {
    const [first = ''] = spec.path;
    groups.set(first, [...(groups.get(first) ?? []), spec]);
  }
  const top = [...groups].map(([first, specs]) => {
    const [only] = specs;
    const summary =
      specs.length === 1 && only?.path.length === 1
        ? only.summary
        : `${specs.map((spec) => spec.path[1]).join(', ')}`;
    return `    ${quoted(`${first}:${summary}`)}`;
  });
  const cases = [...groups].map(([first, specs]) => {
    const [only] = specs;
    if (only !== undefined && only.path.length === 1)
      return `    ${first}) ${argumentsCall(only, globals)} ;;\n`;
    const described = specs.map((spec) => quoted(`${spec.path[1] ?? ''}:${spec.summary}`)).join(' ');
    const inner = specs
      .map((spec) => `        ${spec.path[1]}) ${argumentsCall(spec, globals)} ;;\n`)
      .join('');
    return `    ${first})
      if ((CURRENT == 2)); then
        local -a inner=(${described})
        _describe command inner
        return
      fi
      shift words; ((CURRENT--))
      case $words[1] in
${inner}      esac ;;
`;
  });
  return `#compdef latchkey
# zsh completion of latchkey; made by: latchkey completion zsh
_latchkey_users() {
  local -a users=(\${LATCHKEY_STATE:-.latchkey}/users/*(N:t))
  compadd -a users
}
_latchkey() {
  local -a commands=(
${top.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words; ((CURRENT--))
  case $words[1] in
${cases.join('')}  esac
}
if [[ $funcstack[1] == _latchkey ]]; then _latchkey "$@"; else compdef _latchkey latchkey; fi
`;
}

function argumentsCall(spec: CommandSpec, globals: readonly CommandOption[]): string {
  const options = [...spec.options, ...globals].flatMap((option) => {
    const help = option.help.replace(/[[\]:]/g, ' ').trim();
    const action =
      option.value === undefined
        ? ''
        : `:${option.value.replace(/[[\]:]/g, ' ')}:${actionOf(option.completes)}`;
    const names = [...(option.short === undefined ? [] : [`-${option.short}`]), `--${option.long}`];
    return names.map((name) => quoted(`${name}[${help}]${action}`));
  });
  const args = (spec.arguments ?? []).map(({ name, completes, required = true }) =>
    quoted(`${required ? ':' : '::'}${name}:${actionOf(completes)}`),
  );
  return `_arguments ${[...options, ...args].join(' ')}`;
}

function actionOf(completes: Completes | undefined): string {
  if (completes === 'file') return '_files';
  if (completes === 'directory') return '_files -/';
  if (completes === 'user') return '_latchkey_users';
  return completes === undefined ? ' ' : `(${completes.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
