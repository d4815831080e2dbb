// The commands, their options from the one table, and how the command line becomes values of them.
import { Command, CommanderError, Option } from 'commander'
import { environmentName, misspeltVariables, OPTIONS, parseValues } from '../config.ts'
import type { OptionName, Values } from '../config.ts'
import type { Log } from '../log.ts'
import * as options from '../options.ts'
import { VERSION } from '../version.ts'

/** One command: what it needs, and where its work is. Work is loaded when it is called for. */
export interface CommandRow<K extends OptionName = OptionName> {
  name: string
  argument?: string
  doc: string
  options: readonly K[]
  /** Other defaults than the table's. */
  defaults?: Partial<Record<OptionName, string>>
  work(given: string[], values: Values): Promise<void>
}

/** All commands, in the order of help. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'demo',
    doc: 'generate a month of traffic, replay it as a stream, serve page, API and metrics',
    options: options.DEMO_OPTIONS,
    defaults: options.DEMO_DEFAULTS,
    work: async (_, values) => (await import('./demo.ts')).demo(values, await logOf(values)),
  },
  {
    name: 'run',
    doc: 'consume a topic of Kafka, serve page, API and metrics',
    options: options.RUN_OPTIONS,
    work: async (_, values) => (await import('./run.ts')).run(values, await logOf(values)),
  },
  {
    name: 'generate',
    doc: 'write a synthetic XDR file',
    options: ['out', ...options.SAMPLE_OPTIONS, 'seed', 'json', 'logLevel'],
    work: async (_, values) => (await import('./generate.ts')).generate(values),
  },
  {
    name: 'replay',
    argument: '<files...>',
    doc: 'apply Parquet files (paths, directories, globs) to a state directory, or send them to Kafka',
    options: [
      ...options.REPLAY_OPTIONS,
      'serve',
      ...options.SERVE_OPTIONS,
      ...options.PRODUCE_OPTIONS,
    ],
    async work(paths, values) {
      if (values.to === 'kafka') {
        const { produce } = await import('./produce.ts')
        return produce(paths, values, await logOf(values))
      }
      const { replay, replayAndServe } = await import('./replay.ts')
      return values.serve
        ? replayAndServe(paths, values, await logOf(values))
        : replay(paths, values)
    },
  },
  {
    name: 'report',
    doc: 'everything a state directory says; as a page with --html, as tables with --export',
    options: [...options.REPORT_OPTIONS, ...options.FILE_OPTIONS],
    work: async (_, values) => (await import('./report.ts')).report(values),
  },
  {
    name: 'top',
    doc: 'the top subscribers by each metric; --watch shows them again and again',
    options: options.TOP_OPTIONS,
    work: async (_, values) => (await import('./top.ts')).top(values),
  },
  {
    name: 'segments',
    doc: 'segments and elbow',
    options: options.REPORT_OPTIONS,
    work: async (_, values) => (await import('./segments.ts')).segments(values),
  },
  {
    name: 'subscriber',
    argument: '<msisdn>',
    doc: 'one subscriber: aggregate, ranks, segment, distances',
    options: options.REPORT_OPTIONS,
    work: async ([msisdn], values) => (await import('./subscriber.ts')).subscriber(msisdn, values),
  },
  {
    name: 'status',
    doc: 'what a state directory holds, how far its sources were read',
    options: options.STATUS_OPTIONS,
    work: async (_, values) => (await import('./status.ts')).status(values),
  },
  {
    name: 'rejected',
    doc: 'rejected rows with reason, position and raw values; --reprocess validates them again',
    options: options.REJECTED_OPTIONS,
    work: async (_, values) => (await import('./rejected.ts')).rejected(values),
  },
  {
    name: 'verify',
    argument: '<files...>',
    doc: 'recompute every subscriber from the files in SQL and compare with the state',
    options: ['state', 'json', 'logLevel'],
    work: async (paths, values) => (await import('./verify.ts')).verify(paths, values),
  },
]

/** The log of a command; those that print and end have none. */
async function logOf({ logLevel }: Values): Promise<Log> {
  const { createLog } = await import('../log.ts')
  return createLog(logLevel, process.stderr.isTTY, (text) => {
    process.stderr.write(text)
  })
}

function addCommand(program: Command, row: CommandRow): void {
  const command = program.command(row.name).description(row.doc)
  if (row.argument !== undefined) command.argument(row.argument)
  for (const name of row.options) {
    const { flag, value, doc, default: usual } = OPTIONS[name] as (typeof OPTIONS)['state']
    const flags = value === undefined ? flag : `${flag} ${placeOf(value)}`
    const option = new Option(flags, doc).env(environmentName(name))
    command.addOption(option.default(row.defaults?.[name] ?? usual))
  }
  const isFromVariable = (name: OptionName): boolean =>
    command.getOptionValueSource(optionKey(OPTIONS[name].flag)) === 'env'
  command.action(async (...called: unknown[]) => {
    const given = row.argument === undefined ? [] : [called[0]].flat().map(String)
    const written: Record<string, string> = {}
    for (const name of row.options) {
      // Commander turns a switch on whatever its variable says.
      const value = isFromVariable(name)
        ? process.env[environmentName(name)]
        : String(command.getOptionValue(optionKey(OPTIONS[name].flag)))
      written[name] = value ?? ''
    }
    const values = parseValues(row.options, written, (name) =>
      isFromVariable(name) ? environmentName(name) : OPTIONS[name].flag,
    ) as Values
    await row.work(given, values)
  })
}

/** What stands in brackets already may be left out. */
const placeOf = (value: string): string => (value.startsWith('[') ? value : `<${value}>`)

/** Commander's own name of a flag: `--commit-interval` is `commitInterval`. */
const optionKey = (flag: string): string =>
  flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

/** The command line as Commander reads it: every command with its options, none of them loaded. */
export function createProgram(): Command {
  const program = new Command('xdr-pulse')
    .description('Streaming, incremental engagement processor for mobile operators')
    .version(VERSION)
    .showSuggestionAfterError()
    .exitOverride()
  for (const row of COMMANDS) addCommand(program, row)
  for (const command of program.commands) command.exitOverride()
  return program
}

/**
 * Does what the command line asks for.
 *
 * @returns the exit code: 2 for what Commander cannot read, and has said so
 * @throws what the command throws
 */
export async function runProgram(): Promise<number> {
  const program = createProgram()
  for (const sentence of misspeltVariables(Object.keys(process.env))) {
    process.stderr.write(`${sentence}\n`)
  }
  try {
    await program.parseAsync()
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}
