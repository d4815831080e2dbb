// The program: turns the command line and the environment into the values of a command.
import { Command, CommanderError, Option } from 'commander'
import { environmentName, misspeltVariables, OPTIONS, parseValues } from '../config.ts'
import type { OptionName, Values } from '../config.ts'
import { PulseError } from '../errors.ts'
import { ineffectiveOptions } from '../option-conditions.ts'
import type { Origin, WrittenOption } from '../option-conditions.ts'
import { accessWarning } from '../output-path.ts'
import { plainText, printNote } from '../plain-text.ts'
import { VERSION } from '../version.ts'
import { COMMANDS, type CommandRow } from './commands.ts'

type Written = Partial<Record<OptionName, WrittenOption>>

const usualOf = (row: CommandRow, name: OptionName): string =>
  row.defaults?.[name] ?? OPTIONS[name].default

function addCommand(program: Command, row: CommandRow, onExitCode: (code: number) => void): void {
  const command = program.command(row.name).description(row.doc)
  if (row.argument !== undefined) command.argument(row.argument)
  for (const name of row.options) {
    const { flag, value, doc } = OPTIONS[name] as (typeof OPTIONS)['state']
    const flags = value === undefined ? flag : `${flag} ${placeholderOf(value)}`
    const option = new Option(flags, doc).env(environmentName(name))
    command.addOption(option.default(usualOf(row, name)))
  }
  command.action(async (...called: unknown[]) => {
    const given = row.argument === undefined ? [] : [called[0]].flat().map(String)
    const values = valuesOf(row, writtenOf(command, row))
    const warning = row.options.includes('state') ? accessWarning(values.state) : null
    if (warning !== null) printNote(warning)
    const exitCode = await row.work(given, values)
    if (typeof exitCode === 'number') onExitCode(exitCode)
  })
}

/** A value that may be omitted has brackets already. */
const placeholderOf = (value: string): string => (value.startsWith('[') ? value : `<${value}>`)

/** Commander's key of a flag: `--commit-interval` is `commitInterval`. */
const optionKey = (flag: string): string =>
  flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

const ORIGINS: Readonly<Record<string, Origin>> = { cli: 'flag', env: 'variable' }

/** The options of a command as they were written on the command line or in the environment. */
function writtenOf(command: Command, row: CommandRow): Written {
  const written: Written = {}
  for (const name of row.options) {
    const { flag } = OPTIONS[name]
    const key = optionKey(flag)
    const origin = ORIGINS[command.getOptionValueSource(key) ?? ''] ?? 'default'
    const isVariable = origin === 'variable'
    // Commander turns a switch on whatever the value of its variable.
    const value: unknown = isVariable
      ? process.env[environmentName(name)]
      : command.getOptionValue(key)
    // A flag whose value may be omitted is `true` without one.
    const text = value === true ? 'true' : typeof value === 'string' ? value : ''
    written[name] = { text, origin, place: isVariable ? environmentName(name) : flag }
  }
  return written
}

/**
 * Values of a command's options.
 *
 * @throws PulseError `usage` for a wrong value, a flag without effect, a missing option
 */
function valuesOf(row: CommandRow, written: Written): Values {
  const parse = (texts: Readonly<Written>) =>
    parseValues(
      row.options,
      Object.fromEntries(row.options.map((name) => [name, texts[name]?.text ?? ''])),
      (name) => texts[name]?.place ?? OPTIONS[name].flag,
    )
  const values = parse(written)
  for (const name of row.required ?? []) {
    if (written[name]?.text !== '') continue
    const { flag, value } = OPTIONS[name] as (typeof OPTIONS)['state']
    throw new PulseError('usage', `${row.name} needs ${flag} ${value}`)
  }
  const ineffective = ineffectiveOptions(written)
  if (ineffective.length === 0) return values
  const flag = ineffective.find(({ origin }) => origin === 'flag')
  if (flag !== undefined) throw new PulseError('usage', flag.sentence)
  // Several commands share one environment, so a variable without effect is not an error.
  const effective = { ...written }
  for (const { name, sentence } of ineffective) {
    printNote(sentence)
    effective[name] = { text: usualOf(row, name), origin: 'default', place: OPTIONS[name].flag }
  }
  return parse(effective)
}

/**
 * The command line as Commander reads it: every command with its options; no command is loaded.
 *
 * @param onExitCode receives the exit code of a command that returns one
 */
export function createProgram(onExitCode: (code: number) => void = () => undefined): Command {
  const program = new Command('xdr-pulse')
    .description('Streaming, incremental engagement processor for mobile operators')
    .version(VERSION)
    .configureOutput({ writeErr: (text) => process.stderr.write(plainText(text)) })
    .showSuggestionAfterError()
    .exitOverride()
  for (const row of COMMANDS) addCommand(program, row, onExitCode)
  for (const command of program.commands) command.exitOverride()
  return program
}

/** The command that the command line names and that does not exist; null for none. */
function unknownCommand(program: Command, argv: readonly string[]): string | null {
  const [first, second] = argv.filter((word) => !word.startsWith('-'))
  const name = first === 'help' ? second : first
  const isKnown = program.commands.some((command) => command.name() === name)
  return (name as string | undefined) === undefined || isKnown ? null : name
}

/**
 * Runs the command that the command line names.
 *
 * @returns the exit code: that of the command, or 2 for a command line that Commander rejects, and
 *   has reported
 * @throws what the command throws
 */
export async function runProgram(): Promise<number> {
  let exitCode = 0
  const program = createProgram((code) => (exitCode = code))
  for (const sentence of misspeltVariables(Object.keys(process.env))) {
    printNote(sentence)
  }
  try {
    const unknown = unknownCommand(program, process.argv.slice(2))
    // Without --help, which Commander would answer with the help of the program.
    if (unknown !== null) await program.parseAsync([unknown], { from: 'user' })
    else await program.parseAsync()
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}
