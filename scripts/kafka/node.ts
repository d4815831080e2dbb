// One Kafka process on this machine: formatted, started, stopped; it never outlives this process.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Java } from './jars.ts'

/** Number of lines of a log that an error shows. */
const TAIL_LINES = 12
/** For short runs a fast start matters more than peak speed: one compiler, a serial collector. */
const QUICK_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']
const LOG_JVM = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
]

/** The settings of a node. */
export interface NodeSettings {
  java: Java
  /** Directory of its properties, log and data. */
  directory: string
  /** Entries of server.properties; `log.dirs` is added. */
  properties: Readonly<Record<string, string>>
  clusterId: string
  /** Arguments of `--add-scram`, one per user; they are used only when the directory is formatted. */
  scram?: readonly string[]
  heapMiB: number
  /** Starts faster, runs slower. */
  quick: boolean
  /** Path at which Java writes its class archive on a regular exit. */
  archiveTo?: string
  /** Further arguments of Java. */
  jvm?: readonly string[]
}

/** A Kafka process, running or not. */
export interface KafkaNode {
  /** Starts the process; `failure` reports when it ends by itself. */
  start: () => Promise<void>
  /** Stops it and waits for its end; with SIGTERM it hands over its partitions first. */
  stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>
  /** Sends a signal such as SIGSTOP; does nothing when it is not running. */
  signal: (signal: NodeJS.Signals) => void
  /** The pid; null when it is not running. */
  pid: () => number | null
  /** Why it ended by itself, with the end of its log; null if it did not. */
  failure: () => Error | null
}

/** Prepares a node; formats its directory the first time. */
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

/**
 * Runs a class of the jars to its end and returns its output.
 *
 * @throws Error with its output when it fails
 */
export async function runJava(java: Java, argv: readonly string[], input = ''): Promise<string> {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
  const all = [...quickFlags(java), '-Xmx256m', quiet, '-cp', java.classPath, ...argv]
  const running = promisify(execFile)(java.program, all, { maxBuffer: 2 ** 28 })
  running.child.stdin?.on('error', () => undefined).end(input)
  return (await running).stdout
}

/** The archive is used only if it exists: Java warns about a missing one. */
const quickFlags = ({ archive }: Java): string[] =>
  existsSync(archive) ? [...QUICK_JVM, `-XX:SharedArchiveFile=${archive}`] : [...QUICK_JVM]

function control(settings: NodeSettings, file: string): KafkaNode {
  const { java, directory, heapMiB, quick, archiveTo, jvm = [] } = settings
  const log = join(directory, 'broker.log')
  const fastStart =
    archiveTo === undefined
      ? quickFlags(java)
      : [...QUICK_JVM, `-XX:ArchiveClassesAtExit=${archiveTo}`]
  const flags = [`-Xmx${heapMiB}m`, ...(quick ? fastStart : []), ...LOG_JVM, ...jvm]
  const argv = [...flags, '-cp', java.classPath, 'kafka.Kafka', file]
  let running: Running | null = null
  let failure: Error | null = null

  const start = async (): Promise<void> => {
    if (running !== null) throw new Error('the broker is already running')
    failure = null
    const started = await launch(java.program, argv, log)
    running = started
    started.child.once('exit', (code, signal) => {
      started.forget()
      if (running !== started) return
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
  /** Stops the watchdog. */
  forget(): void
}

/**
 * Starts Java in its own process group, so that Ctrl-C reaches only this process, and a watchdog that
 * kills Java when this process ends in any way. Neither keeps this process alive.
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
