// `completion`: prints a completion script that follows from the tables of commands and options.
import { OPTIONS, type OptionName, type OptionRow } from '../config.ts'
import { PulseError } from '../errors.ts'
import { bashCompletion } from '../terminal/completion/bash.ts'
import { fishCompletion } from '../terminal/completion/fish.ts'
import { zshCompletion } from '../terminal/completion/zsh.ts'
import type { CommandWords, Completes } from '../terminal/completion/words.ts'

const SHELLS: Readonly<Record<string, (commands: readonly CommandWords[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

/** What the table of commands has for completion. */
interface Described {
  name: string
  doc: string
  argument?: string
  choices?: readonly string[]
  options: readonly OptionName[]
}

/** Placeholders of paths. */
const PATHS: Readonly<Record<string, Completes | undefined>> = {
  FILE: 'files',
  FILES: 'files',
  DIR: 'directories',
}

function flagOf(name: OptionName) {
  const { flag, doc, value, choices }: OptionRow<unknown> = OPTIONS[name]
  const ofValue = choices ?? PATHS[value ?? ''] ?? 'text'
  // A value in brackets may be omitted.
  const completes = value === undefined || value.startsWith('[') ? 'nothing' : ofValue
  return { flag, doc, completes }
}

/** What a shell can complete of the commands. */
export const wordsOf = (commands: readonly Described[]): CommandWords[] =>
  commands.map(({ name, doc, argument, choices, options }) => ({
    name,
    doc,
    argument: argument === undefined ? 'nothing' : (choices ?? argumentOf(argument)),
    flags: options.map(flagOf),
  }))

const argumentOf = (argument: string): Completes =>
  PATHS[argument.replaceAll(/[^a-z]/g, '').toUpperCase()] ?? 'text'

/**
 * Prints the completion script of a shell.
 *
 * @throws PulseError `usage` for another shell
 */
export function completion(shell: string, commands: readonly Described[]): Promise<void> {
  if (!Object.hasOwn(SHELLS, shell)) {
    const shells = Object.keys(SHELLS).join(', ')
    throw new PulseError('usage', `"${shell}" is not a shell with completion, expected ${shells}`)
  }
  process.stdout.write(SHELLS[shell](wordsOf(commands)))
  return Promise.resolve()
}
