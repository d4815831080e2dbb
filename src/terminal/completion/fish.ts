// The completion script for fish.
import { quoted, type CommandWords, type Completes, type Flag } from './words.ts'

/** In fish a backslash escapes in single quotes too. */
const text = (words: string): string =>
  `'${words.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`

/** The options of `complete` for a value; `-f` rules out files. */
function valueOptions(completes: Completes): string {
  if (completes === 'nothing') return '-f'
  if (completes === 'files') return '-r -F'
  if (completes === 'directories') return "-x -a '(__fish_complete_directories)'"
  return completes === 'text' ? '-x' : `-x -a ${quoted(completes.join(' '))}`
}

const seen = (name: string): string => `-n '__fish_seen_subcommand_from ${name}'`

const flagLine = (name: string, { flag, doc, completes }: Flag): string =>
  `complete -c xdr-pulse ${seen(name)} -l ${flag.slice(2)} ${valueOptions(completes)} -d ${text(doc)}`

/** The argument of a command; without one files are ruled out. */
function argumentLine(name: string, argument: Completes): string {
  const values = argument === 'files' ? '-F' : valueOptions(argument).replace('-x', '-f')
  return `complete -c xdr-pulse ${seen(name)} ${values}`
}

/** A script that completes `xdr-pulse` in fish, as a file of its completions directory. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name, doc }) =>
    ["complete -c xdr-pulse -n '__fish_use_subcommand' -f", `-a ${name} -d ${text(doc)}`].join(' '),
  )
  const rest = commands.flatMap(({ name, argument, flags }) => [
    argumentLine(name, argument),
    ...flags.map((flag) => flagLine(name, flag)),
    `complete -c xdr-pulse ${seen(name)} -f -l help -d 'show help'`,
  ])
  const head = '# fish completion of xdr-pulse, for ~/.config/fish/completions/xdr-pulse.fish'
  return `${[head, ...names, ...rest].join('\n')}\n`
}
