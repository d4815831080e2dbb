// The table of commands: name, description, argument, options, and the module that does the work.
import type { OptionName, Values } from '../config.ts'
import type { Log } from '../log.ts'
import * as options from '../options.ts'

/** One command. Its module is loaded only when the command runs. */
export interface CommandRow {
  name: string
  argument?: string
  /** The closed list of values of the argument, for completion. */
  choices?: readonly string[]
  doc: string
  options: readonly OptionName[]
  /** Options without which the command is a usage error. */
  required?: readonly OptionName[]
  /** Defaults that differ from those of the option table. */
  defaults?: Partial<Record<OptionName, string>>
  /**
   * Does the work. Resolves with the exit code, which is 0 if it is omitted.
   *
   * @throws PulseError with one sentence
   */
  work(given: string[], values: Values): Promise<void> | Promise<number>
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
    doc: 'consume a Kafka topic, serve page, API and metrics',
    options: options.RUN_OPTIONS,
    required: ['topic'],
    work: async (_, values) => (await import('./run.ts')).run(values, await logOf(values)),
  },
  {
    name: 'replica',
    doc: 'follow the changelog of "run --changelog", serve page, API and metrics of all partitions',
    options: options.REPLICA_OPTIONS,
    required: ['changelog'],
    work: async (_, values) => (await import('./replica.ts')).replica(values, await logOf(values)),
  },
  {
    name: 'generate',
    doc: 'write a synthetic XDR file',
    options: options.GENERATE_OPTIONS,
    work: async (_, values) => (await import('./generate.ts')).generate(values),
  },
  {
    name: 'replay',
    argument: '<files...>',
    doc: 'apply Parquet or CSV files (paths, directories, globs) to a state directory',
    options: options.REPLAY_OPTIONS,
    async work(paths, values) {
      const { replay, replayAndServe } = await import('./replay.ts')
      return values.serve
        ? replayAndServe(paths, values, await logOf(values))
        : replay(paths, values)
    },
  },
  {
    name: 'produce',
    argument: '<files...>',
    doc: 'send the rows of Parquet or CSV files (paths, directories, globs) to a Kafka topic',
    options: options.PRODUCE_OPTIONS,
    required: ['topic'],
    work: async (paths, values) =>
      (await import('./produce.ts')).produce(paths, values, await logOf(values)),
  },
  {
    name: 'report',
    doc: 'print the report of a state directory; --html writes a page, --export tables',
    options: options.REPORT_OPTIONS,
    work: async (_, values) => (await import('./report.ts')).report(values),
  },
  {
    name: 'top',
    doc: 'list the top subscribers by each metric; --watch refreshes the lists',
    options: options.TOP_OPTIONS,
    work: async (_, values) => (await import('./top.ts')).top(values),
  },
  {
    name: 'segments',
    doc: 'print segments and elbow',
    options: options.SEGMENTS_OPTIONS,
    work: async (_, values) => (await import('./segments.ts')).segments(values),
  },
  {
    name: 'subscriber',
    argument: '<msisdn>',
    doc: 'print one subscriber: aggregate, ranks, segment, distances; "-" reads the MSISDN from stdin',
    options: options.SEGMENTS_OPTIONS,
    work: async ([msisdn], values) => (await import('./subscriber.ts')).subscriber(msisdn, values),
  },
  {
    name: 'status',
    doc: 'print what a state directory holds and the positions of its sources',
    options: options.STATUS_OPTIONS,
    work: async (_, values) => (await import('./status.ts')).status(values),
  },
  {
    name: 'rejected',
    doc: 'list rejected rows with reason, position and raw values; --reprocess validates them again',
    options: options.REJECTED_OPTIONS,
    work: async (_, values) => (await import('./rejected.ts')).rejected(values),
  },
  {
    name: 'doctor',
    doc: 'check brokers, topic, rights, keys, registry, clock, disk and state, with what to do',
    options: options.DOCTOR_OPTIONS,
    required: ['topic'],
    work: async (_, values) => (await import('./doctor.ts')).doctor(values),
  },
  {
    name: 'reread',
    doc: 'drop one partition of a state, so that the next run reads its topic again',
    options: options.REREAD_OPTIONS,
    required: ['partition'],
    work: async (_, values) => (await import('./reread.ts')).reread(values),
  },
  {
    name: 'backup',
    argument: '<directory>',
    doc: 'copy a state directory to a new, checked directory in this one, also while it is written',
    options: options.BACKUP_OPTIONS,
    work: async ([target], values) => (await import('./backup.ts')).backup(target, values),
  },
  {
    name: 'restore',
    argument: '<backup>',
    doc: 'make a state directory from a backup',
    options: options.RESTORE_OPTIONS,
    work: async ([from], values) => (await import('./backup.ts')).restore(from, values),
  },
  {
    name: 'verify',
    argument: '<files...>',
    doc: 'recompute every subscriber from the files in SQL and compare with the state',
    options: options.VERIFY_OPTIONS,
    work: async (paths, values) => (await import('./verify.ts')).verify(paths, values),
  },
  {
    name: 'completion',
    argument: '<shell>',
    choices: ['bash', 'zsh', 'fish'],
    doc: 'print a completion script for bash, zsh or fish',
    options: [],
    work: async ([shell]) => (await import('./completion.ts')).completion(shell, COMMANDS),
  },
]

/** The log of a command that runs until a signal, or for long; the others have none. */
async function logOf({ logLevel }: Values): Promise<Log> {
  const { createLog } = await import('../log.ts')
  return createLog(logLevel, process.stderr.isTTY, (text) => {
    process.stderr.write(text)
  })
}
