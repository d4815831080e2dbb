// Java and Kafka's jars: found, or fetched once by Maven into a directory that git ignores.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../src/errors.ts'

const POM = join(import.meta.dirname, 'pom.xml')
/** The directory of the jars and of the data of `npm run broker`. */
export const KAFKA_HOME = join(import.meta.dirname, '..', '..', '.kafka')
const LIBS = join(KAFKA_HOME, 'libs')
/** Loaded instead of the jars, it halves the time of a start; Java ignores one that does not match. */
const ARCHIVE = join(KAFKA_HOME, 'classes.jsa')
/** A copy of the pom that the jars were fetched for: after a change they are fetched again. */
const STAMP = join(LIBS, 'pom.xml')
/** The oldest Java that Kafka 4 supports for brokers. */
const LEAST_JAVA = 17
/** Enough for 55 MB over a slow connection. */
const FETCH_MS = 10 * 60_000
/** One fixed version: Maven resolves a bare plugin name again every day. */
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.7.0:copy-dependencies'

/** A Java program and the classes of Kafka. */
export interface Java {
  program: string
  /** Class path of all jars. */
  classPath: string
  /** Java's class archive; it may not exist (`npm run broker -- --fetch` creates it). */
  archive: string
}

const INSTALL_JAVA = `install Java ${LEAST_JAVA} or later (Debian: apt-get install default-jre-headless)`
const INSTALL_MAVEN = 'install Maven (Debian: apt-get install maven)'

/**
 * Finds Java and Kafka's jars, and fetches missing jars.
 *
 * @throws Error that names what is missing and what to install
 */
export function findKafka(): Java {
  const program = findJava()
  if (!isFetched()) fetchJars()
  return { program, classPath: join(LIBS, '*'), archive: ARCHIVE }
}

let missing: string | null | undefined

/** Why Kafka cannot run on this machine; null when it can. Fetches missing jars. */
export function whyNoKafka(): string | null {
  if (missing !== undefined) return missing
  try {
    findKafka()
    missing = null
  } catch (error) {
    missing = messageOf(error)
  }
  return missing
}

function findJava(): string {
  const home = process.env['JAVA_HOME'] ?? ''
  const program = home === '' ? 'java' : join(home, 'bin', 'java')
  const found = spawnSync(program, ['-version'], { encoding: 'utf8' })
  if (found.error !== undefined) throw new Error(`Java is missing: ${INSTALL_JAVA}`)
  const version = /version "(?:1\.)?(\d+)/.exec(found.stderr)?.[1] ?? 'unknown'
  if (Number(version) >= LEAST_JAVA) return program
  throw new Error(
    `${program} is version ${version}, expected ${LEAST_JAVA} or later: ${INSTALL_JAVA}`,
  )
}

const isFetched = (): boolean =>
  existsSync(STAMP) && readFileSync(STAMP, 'utf8') === readFileSync(POM, 'utf8')

/** Fetches into a temporary directory and renames it: other processes see all jars or none. */
function fetchJars(): void {
  mkdirSync(KAFKA_HOME, { recursive: true })
  const fresh = mkdtempSync(join(KAFKA_HOME, 'fetching-'))
  try {
    runMaven(['--file', POM, COPY, `-DoutputDirectory=${fresh}`])
    copyFileSync(POM, join(fresh, 'pom.xml'))
    putInPlace(fresh)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

function runMaven(argv: string[]): void {
  const flags = ['--quiet', '--batch-mode', '-Dstyle.color=never']
  const run = spawnSync('mvn', [...flags, ...argv], { encoding: 'utf8', timeout: FETCH_MS })
  const error = run.error as NodeJS.ErrnoException | undefined
  if (error?.code === 'ENOENT')
    throw new Error(`Maven is missing, it fetches Kafka: ${INSTALL_MAVEN}`)
  if (run.status === 0) return
  const output = `${run.stdout}${run.stderr}`.trim().split('\n').slice(0, 3).join('\n')
  throw new Error(`Maven failed to fetch Kafka: ${error?.message ?? ''}\n${output}`)
}

function putInPlace(fresh: string): void {
  try {
    rmSync(ARCHIVE, { force: true })
    if (!isFetched()) rmSync(LIBS, { recursive: true, force: true })
    renameSync(fresh, LIBS)
  } catch (error) {
    // Another process has put them in place first.
    if (!isFetched()) throw error
  }
}
