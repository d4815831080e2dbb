// One Kafka process on this machine: formats its directory, starts, stops, never outlives us.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Java } from './jars.ts'

/** Lines of a log that an error shows. */
const TAIL_LINES = 12
/** Quick starts matter here, peak speed does not: no second compiler, one collector thread. */
const QUICK_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']
const LOG_JVM = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
]

/** What a node is made from. */
export interface NodeSettings {
  java: Java
  /** Holds its properties, its log and its data. */
  directory: string
  /** Lines of server.properties; `log.dirs` is added. */
  properties: Readonly<Record<string, string>>
  clusterId: string
  /** Arguments of `--add-scram`, one a user; only the first format looks at them. */
  scram?: readonly string[]
  heapMiB: number
  /** A compiler less: starts sooner, runs slower. */
  quick: boolean
  /** Where Java leaves its archive of classes when it ends in order; for the next ones to start. */
  archiveTo?: string
}

/** A Kafka process that may be running or not. */
export interface KafkaNode {
  /** Rejects with the end of its log when it ends, unless it was stopped. */
  start: () => Promise<void>
  /** Ends it and waits until it is gone; SIGTERM hands its partitions over first. */
  stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>
  /** Sends any signal, such as SIGSTOP; nothing when it does not run. */
  signal: (signal: NodeJS.Signals) => void
  /** The pid, null while it does not run. */
  pid: () => number | null
  /** Why it ended by itself; null while it has not. */
  failure: () => Error | null
}

/** Makes a node; formats its directory if it never was. */
export async function prepareNode(settings: NodeSettings): Promise<KafkaNode> {
  const { directory, properties } = settings
  const data = join(directory, 'log')
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'server.properties')
  const lines = Object.entries({ ...properties, 'log.dirs': data })
  await writeFile(file, lines.map(([key, value]) => `${key}=${value}\n`).join(''))
  if (!existsSync(join(data, 'meta.properties'))) await format(settings, file)
  return control(settings, file)
}

async function format({ java, clusterId, scram = [] }: NodeSettings, file: string): Promise<void> {
  const users = scram.flatMap((user) => ['--add-scram', user])
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file, ...users]
  await runJava(java, tool)
}

/** Runs a class of the jars to its end and returns what it said; throws what it said on failure. */
export async function runJava(java: Java, argv: readonly string[], input = ''): Promise<string> {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
  const all = [...quickFlags(java), '-Xmx256m', quiet, '-cp', java.classPath, ...argv]
  const running = promisify(execFile)(java.program, all, { maxBuffer: 2 ** 28 })
  running.child.stdin?.on('error', () => undefined).end(input)
  return (await running).stdout
}

/** The archive is tried only where it is: Java complains of a missing one. */
const quickFlags = ({ archive }: Java): string[] =>
  existsSync(archive) ? [...QUICK_JVM, `-XX:SharedArchiveFile=${archive}`] : [...QUICK_JVM]

function control(settings: NodeSettings, file: string): KafkaNode {
  const { java, directory, heapMiB, quick, archiveTo } = settings
  const log = join(directory, 'broker.log')
  const sooner =
    archiveTo === undefined
      ? quickFlags(java)
      : [...QUICK_JVM, `-XX:ArchiveClassesAtExit=${archiveTo}`]
  const flags = [`-Xmx${heapMiB}m`, ...(quick ? sooner : []), ...LOG_JVM]
  const argv = [...flags, '-cp', java.classPath, 'kafka.Kafka', file]
  let running: Running | null = null
  let failure: Error | null = null

  const start = async (): Promise<void> => {
    if (running !== null) throw new Error('the broker is running')
    failure = null
    const begun = await launch(java.program, argv, log)
    running = begun
    begun.child.once('exit', (code, signal) => {
      begun.forget()
      if (running !== begun) return
      running = null
      failure = new Error(`Kafka ended (${signal ?? code}); the end of its log:\n${tailOf(log)}`)
    })
  }
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    if (running === null) return
    const { child } = running
    running = null
    child.ref()
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  return {
    start,
    stop,
    signal: (signal) => void running?.child.kill(signal),
    pid: () => running?.child.pid ?? null,
    failure: () => failure,
  }
}

interface Running {
  child: ChildProcess
  /** Ends the watchdog. */
  forget(): void
}

/**
 * Starts Java as a process of its own group, so that Ctrl-C reaches us alone, and beside it a
 * watchdog that kills it when we are gone, however we went. Neither keeps us running.
 */
async function launch(program: string, argv: string[], log: string): Promise<Running> {
  const output = openSync(log, 'a')
  const child = spawn(program, argv, { stdio: ['ignore', output, output], detached: true })
  closeSync(output)
  await once(child, 'spawn')
  child.unref()
  const script = 'cat >/dev/null; kill -9 "$1" 2>/dev/null'
  const watchdog = spawn('sh', ['-c', script, 'sh', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.unref()
  ;(watchdog.stdin as unknown as { unref(): void }).unref()
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  const forget = (): void => {
    process.off('exit', killNow)
    watchdog.kill('SIGKILL')
  }
  return { child, forget }
}

const tailOf = (log: string): string =>
  readFileSync(log, 'utf8').trim().split('\n').slice(-TAIL_LINES).join('\n')
