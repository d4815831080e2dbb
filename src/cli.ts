#!/usr/bin/env node
// The command line: commands, their options from the one table, errors as one sentence.
import { enableCompileCache } from 'node:module'
import { Command, CommanderError, Option } from 'commander'
import { environmentName, OPTIONS, parseValues, type OptionName, type Values } from './config.ts'
import { messageOf, PulseError, troubleOf } from './errors.ts'
import { createLog, type Log } from './log.ts'

const LEAST_NODE = 24

/** One command: what it needs, and where its work is. Work is loaded when it is called for. */
interface CommandRow<K extends OptionName = OptionName> {
  name: string
  argument?: string
  doc: string
  options: readonly K[]
  /** Other defaults than the table's. */
  defaults?: Partial<Record<OptionName, string>>
  work(files: string[], values: Values, log: Log): Promise<void>
}

async function commands(): Promise<CommandRow[]> {
  const replay = await import('./commands/replay.ts')
  const produce = await import('./commands/produce.ts')
  const { DEMO_DEFAULTS, DEMO_OPTIONS, SAMPLE_OPTIONS } = await import('./commands/demo.ts')
  const files = await import('./commands/report-files.ts')
  const watched = await import('./commands/watch.ts')
  const inspect = await import('./commands/inspect.ts')
  const reports = await import('./commands/report.ts')
  const serving = await import('./commands/serving.ts')
  const { RUN_OPTIONS } = await import('./commands/run.ts')
  const { status, STATUS_OPTIONS } = await import('./commands/status.ts')
  const { refused, REFUSED_OPTIONS } = await import('./commands/refused.ts')
  const served = [...serving.SNAPSHOT_OPTIONS, ...serving.SERVE_OPTIONS]
  return [
    {
      name: 'demo',
      doc: 'generate a month of traffic, replay it as a stream, serve page, API and metrics',
      options: DEMO_OPTIONS,
      defaults: DEMO_DEFAULTS,
      work: async (_, values, log) => (await import('./commands/demo.ts')).demo(values, log),
    },
    {
      name: 'run',
      doc: 'consume a topic of Kafka, serve page, API and metrics',
      options: RUN_OPTIONS,
      work: async (_, values, log) => (await import('./commands/run.ts')).run(values, log),
    },
    {
      name: 'generate',
      doc: 'write a synthetic XDR file',
      options: ['out', ...SAMPLE_OPTIONS, 'seed', 'json', 'logLevel'],
      work: async (_, values) => (await import('./commands/generate.ts')).generate(values),
    },
    {
      name: 'replay',
      argument: '<files...>',
      doc: 'apply Parquet files (paths, directories, globs) to a state directory, or send them to Kafka',
      options: [...replay.REPLAY_OPTIONS, 'serve', ...served, ...produce.PRODUCE_OPTIONS],
      work: (paths, values, log) => {
        if (values.to === 'kafka') return produce.produce(paths, values, log)
        if (values.serve) return replay.replayAndServe(paths, values, log)
        return replay.replay(paths, values)
      },
    },
    {
      name: 'report',
      doc: 'everything a state directory says; as a page with --html, as tables with --export',
      options: [...reports.REPORT_OPTIONS, ...files.FILE_OPTIONS],
      work: (_, values) =>
        files.wantsFiles(values) ? files.writeReport(values) : reports.report(values),
    },
    {
      name: 'top',
      doc: 'the top subscribers by each metric; --watch shows them again and again',
      options: watched.TOP_OPTIONS,
      work: (_, values) => watched.top(values),
    },
    {
      name: 'segments',
      doc: 'segments and elbow',
      options: reports.REPORT_OPTIONS,
      work: (_, values) => reports.segments(values),
    },
    {
      name: 'subscriber',
      argument: '<msisdn>',
      doc: 'one subscriber: aggregate, ranks, segment, distances',
      options: inspect.SUBSCRIBER_OPTIONS,
      work: ([msisdn], values) => inspect.subscriber(msisdn, values),
    },
    {
      name: 'status',
      doc: 'what a state directory holds, how far its sources were read',
      options: STATUS_OPTIONS,
      work: (_, values) => status(values),
    },
    {
      name: 'refused',
      doc: 'refused rows with reason, position and raw values; --retry tries them again',
      options: REFUSED_OPTIONS,
      work: (_, values) => refused(values),
    },
    {
      name: 'verify',
      argument: '<files...>',
      doc: 'recompute every subscriber from the files in SQL and compare with the state',
      options: ['state', 'json', 'logLevel'],
      work: async (paths, values) => (await import('./commands/verify.ts')).verify(paths, values),
    },
  ]
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
  command.action(async (...called: unknown[]) => {
    const given = row.argument === undefined ? [] : [called[0]].flat().map(String)
    const written: Record<string, string> = {}
    for (const name of row.options) {
      const key = optionKey(OPTIONS[name].flag)
      // Commander turns a switch on whatever its variable says.
      const fromEnvironment = command.getOptionValueSource(key) === 'env'
      const value = fromEnvironment
        ? process.env[environmentName(name)]
        : String(command.getOptionValue(key))
      written[name] = value ?? ''
    }
    const values = parseValues(row.options, written) as Values
    const log = createLog(values.logLevel, process.stderr.isTTY, (text) => {
      process.stderr.write(text)
    })
    await row.work(given, values, log)
  })
}

/** What stands in brackets already may be left out. */
const placeOf = (value: string): string => (value.startsWith('[') ? value : `<${value}>`)

/** Commander's own name of a flag: `--commit-interval` is `commitInterval`. */
const optionKey = (flag: string): string =>
  flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

async function main(): Promise<number> {
  const major = Number(process.versions.node.split('.')[0])
  if (major < LEAST_NODE) {
    throw new PulseError(
      'runtime',
      `Node.js is ${process.versions.node}, expected ${LEAST_NODE} or newer; in a checkout use ` +
        '"npm run -s pulse -- COMMAND", which brings its own',
    )
  }
  // Compiled code is kept between starts, for the threads too: a start takes a third less.
  process.env.NODE_COMPILE_CACHE ??= enableCompileCache().directory
  const { VERSION } = await import('./commands/version.ts')
  const program = new Command('xdr-pulse')
    .description('Streaming, incremental engagement processor for mobile operators')
    .version(VERSION)
    .showSuggestionAfterError()
    .exitOverride()
  for (const row of await commands()) addCommand(program, row)
  for (const command of program.commands) command.exitOverride()
  await program.parseAsync()
  return 0
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const trouble = troubleOf(error)
  if (trouble !== null) {
    process.stderr.write(`xdr-pulse: ${trouble.message}\n`)
    return trouble.code === 'usage' ? 2 : 1
  }
  const text = error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error)
  process.stderr.write(`xdr-pulse: a bug of ours: ${text}\n`)
  return 1
}

// A reader that closes the pipe early (head, less) has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

// A log that nobody reads any more is no reason to stop.
process.stderr.on('error', () => undefined)

process.exitCode = await main().catch(exitCodeOf)
