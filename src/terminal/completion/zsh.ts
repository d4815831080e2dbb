// The completion script for zsh.
import { quoted, type CommandWords, type Completes, type Flag } from './words.ts'

/** An action of `_arguments`; empty for text that is not completed. */
function actionOf(completes: Completes): string {
  if (completes === 'files') return '_files'
  if (completes === 'directories') return '_files -/'
  if (typeof completes === 'string') return ' '
  return `(${completes.join(' ')})`
}

/** `_arguments` ends a description at a bracket and a message at a colon. */
const escaped = (text: string): string => text.replaceAll(/[[\]:\\]/g, String.raw`\$&`)

function flagSpec({ flag, doc, completes }: Flag): string {
  const spec = `${flag}${completes === 'nothing' ? '' : '='}[${escaped(doc)}]`
  return quoted(completes === 'nothing' ? spec : `${spec}:value:${actionOf(completes)}`)
}

function commandCase({ name, argument, flags }: CommandWords): string {
  const specs = [
    ...flags.map(flagSpec),
    quoted('--help[show help]'),
    ...(argument === 'nothing' ? [] : [quoted(`*:argument:${actionOf(argument)}`)]),
  ]
  return [`    ${name})`, `      _arguments ${specs.join(' \\\n        ')} ;;`].join('\n')
}

/** A script that completes `xdr-pulse` in zsh, as a file `_xdr-pulse` in `fpath`. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  const described = commands.map(({ name, doc }) => quoted(`${name}:${escaped(doc)}`))
  return `#compdef xdr-pulse
# zsh completion of xdr-pulse: xdr-pulse completion zsh > "\${fpath[1]}/_xdr-pulse"
_xdr_pulse() {
  local -a commands=(
    ${described.join('\n    ')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _xdr-pulse ]]; then _xdr_pulse "$@"; else compdef _xdr_pulse xdr-pulse; fi
`
}
