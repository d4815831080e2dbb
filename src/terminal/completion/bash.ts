// The completion script for bash.
import { flagsOf, quoted, type CommandWords, type Completes } from './words.ts'

/** The body of a case: how the current word is completed. */
function replyOf(completes: Completes): string {
  if (completes === 'files') return 'compopt -o default; COMPREPLY=()'
  if (completes === 'directories') return 'compopt -o nospace; COMPREPLY=($(compgen -d -- "$word"))'
  if (typeof completes === 'string') return 'COMPREPLY=()'
  return `COMPREPLY=($(compgen -W ${quoted(completes.join(' '))} -- "$word"))`
}

const pattern = (words: readonly string[]): string => words.join('|')

/** Cases of the flags of one command that take a value of a closed list. */
const choicesOf = ({ name, flags }: CommandWords): string[] =>
  flags
    .filter(({ completes }) => typeof completes !== 'string')
    .map(({ flag, completes }) => `    ${name}:${flag}) ${replyOf(completes)}; return ;;`)

/** A case per kind of value that does not depend on the command; none for a kind without flags. */
const valuesOf = (commands: readonly CommandWords[]): string[] =>
  (['files', 'directories', 'text'] as const).flatMap((kind) => {
    const flags = flagsOf(commands, kind)
    if (flags.length === 0) return []
    return [`    ${pattern(flags.map((flag) => `*:${flag}`))}) ${replyOf(kind)}; return ;;`]
  })

/** Flags of a command behind a dash, else its argument. */
function commandCase({ name, argument, flags }: CommandWords): string {
  const words = [...flags.map(({ flag }) => flag), '--help'].join(' ')
  return [
    `    ${name})`,
    `      if [[ $word == -* ]]; then ${replyOf(words.split(' '))}`,
    `      else ${replyOf(argument)}; fi ;;`,
  ].join('\n')
}

/** A script that completes `xdr-pulse` in bash 4.4 or newer. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name }) => name)
  return `# bash completion of xdr-pulse: source <(xdr-pulse completion bash)
_xdr_pulse() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  if ((COMP_CWORD == 1)); then
    ${replyOf([...names, '--help', '--version'])}
    return
  fi
  # --flag=value is three words: "=" breaks words.
  if [[ $word == = ]]; then word=
  elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case $command:$before in
${[...commands.flatMap(choicesOf), ...valuesOf(commands)].join('\n')}
  esac
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
complete -F _xdr_pulse xdr-pulse
`
}
