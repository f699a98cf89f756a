export interface CommandShape {
  /** [] for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  /** Long names, with the hyphens. */
  readonly options: readonly string[];
  /** What the hidden command `__complete` lists for the arguments. */
  readonly names: 'agents' | 'servers' | 'targets' | null;
}

/** Options whose value is a name of the configuration, and what lists them. Not every command has them all. */
const OPTION_NAMES: readonly (readonly [string, string])[] = [
  ['--agent', 'agents'],
  ['--server', 'servers'],
  ['--owner', 'people'],
];
const FILE_OPTIONS = '--config|--key|--key-out|--checkpoint|--receipt';

/** The case arms both shells share: the words for each command path. */
function arms(commands: readonly CommandShape[]): string {
  return commands
    .map((command) => {
      const words = [...command.subcommands.map((each) => each.name), ...command.options].join(' ');
      return `    '${command.path.join(' ')}') words='${words}'; names='${command.names ?? ''}' ;;`;
    })
    .join('\n');
}

/** Words of the line that name a command: `path` grows while the next word is a known subcommand. */
function paths(commands: readonly CommandShape[]): string {
  return commands
    .filter((command) => command.path.length > 0)
    .map((command) => `'${command.path.join(' ')}'`)
    .join('|');
}

function optionArms(list: (what: string) => string): string {
  return OPTION_NAMES.map(([option, what]) => `    ${option}) ${list(what)}; return ;;`).join('\n');
}

export function bashScript(commands: readonly CommandShape[]): string {
  return `# bash completion for interlock: source <(interlock completion bash)
_interlock_names() {
  local config=() i
  for ((i = 1; i < COMP_CWORD - 1; i++)); do
    [[ \${COMP_WORDS[i]} == --config ]] && config=(--config "\${COMP_WORDS[i + 1]}")
  done
  "\${COMP_WORDS[0]}" __complete "$1" "\${config[@]}" 2>/dev/null
}

_interlock() {
  local cur prev path='' next words='' names='' i
  # A colon splits words in bash: agent:x is put together again.
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n : cur prev
  else
    cur=\${COMP_WORDS[COMP_CWORD]}
    prev=\${COMP_WORDS[COMP_CWORD - 1]}
  fi
  COMPREPLY=()
  case $prev in
    ${FILE_OPTIONS}) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
${optionArms((what) => `mapfile -t COMPREPLY < <(compgen -W "$(_interlock_names ${what})" -- "$cur")`)}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    next=\${path:+$path }\${COMP_WORDS[i]}
    case $next in
      ${paths(commands)}) path=$next ;;
    esac
  done
  case $path in
${arms(commands)}
  esac
  if [[ -n $names && $cur != -* ]]; then
    words="$words $(_interlock_names "$names")"
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if declare -F __ltrim_colon_completions >/dev/null; then
    __ltrim_colon_completions "$cur"
  fi
}
complete -F _interlock interlock
`;
}

export function zshScript(commands: readonly CommandShape[]): string {
  return `#compdef interlock
# zsh completion for interlock: source <(interlock completion zsh)
_interlock_names() {
  local -a config
  local i
  for ((i = 2; i < CURRENT; i++)); do
    [[ \${words[i]} == --config ]] && config=(--config "\${words[i + 1]}")
  done
  "\${words[1]}" __complete "$1" "\${config[@]}" 2>/dev/null
}

_interlock() {
  local line_path='' next known='' names='' i
  case \${words[CURRENT - 1]} in
    ${FILE_OPTIONS}) _files; return ;;
${optionArms((what) => `compadd -- \${(f)"$(_interlock_names ${what})"}`)}
  esac
  for ((i = 2; i < CURRENT; i++)); do
    next=\${line_path:+$line_path }\${words[i]}
    case $next in
      ${paths(commands)}) line_path=$next ;;
    esac
  done
  case $line_path in
${arms(commands).replaceAll("words='", "known='")}
  esac
  compadd -- \${=known}
  [[ -n $names ]] && compadd -- \${(f)"$(_interlock_names $names)"}
}
compdef _interlock interlock
`;
}

export function fishScript(commands: readonly CommandShape[]): string {
  const lines = ['# fish completion for interlock: interlock completion fish | source', 'complete -c interlock -f'];
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  for (const command of commands) {
    const children = command.subcommands.map((each) => each.name);
    const seen = command.path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const none = children.length === 0 ? [] : [`not __fish_seen_subcommand_from ${children.join(' ')}`];
    const condition = command.path.length === 0 ? '__fish_use_subcommand' : [...seen, ...none].join('; and ');
    for (const child of command.subcommands) {
      lines.push(`complete -c interlock -n ${quote(condition)} -a ${child.name} -d ${quote(child.description)}`);
    }
    const where = command.path.length === 0 ? '' : ` -n ${quote(seen.join('; and '))}`;
    for (const option of command.options)
      lines.push(`complete -c interlock${where} -l ${option.slice(2)}${valueOf(option)}`);
    if (command.names !== null) {
      lines.push(
        `complete -c interlock -n ${quote(condition)} -a ${quote(`(interlock __complete ${command.names} 2>/dev/null)`)}`,
      );
    }
  }
  return `${[...new Set(lines)].join('\n')}\n`;
}

function valueOf(option: string): string {
  const what = OPTION_NAMES.find(([name]) => name === option)?.[1];
  if (what !== undefined) return ` -x -a '(interlock __complete ${what} 2>/dev/null)'`;
  return FILE_OPTIONS.split('|').includes(option) ? ' -r -F' : '';
}
