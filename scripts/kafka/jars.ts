// Java and Kafka's jars: found, or fetched once by Maven into a directory that git ignores.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../src/errors.ts'
import { DEPENDENCY_PLUGIN, runMaven } from '../maven.ts'

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

/** A Java program and the classes of Kafka. */
export interface Java {
  program: string
  /** Class path of all jars. */
  classPath: string
  /** Java's class archive; it may not exist (`npm run broker -- --fetch` creates it). */
  archive: string
}

const INSTALL_JAVA = `install Java ${LEAST_JAVA} or later (Debian: apt-get install default-jre-headless)`

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
  const version = versionOfJava(program)
  if (version >= LEAST_JAVA) return program
  if (version < 0) throw new Error(`Java is missing: ${INSTALL_JAVA}`)
  throw new Error(
    `${program} is version ${version}, expected ${LEAST_JAVA} or later: ${INSTALL_JAVA}`,
  )
}

/** The version of a Java program; -1 where there is none, 0 where it is unknown. */
export function versionOfJava(program: string): number {
  const found = spawnSync(program, ['-version'], { encoding: 'utf8' })
  if (found.error !== undefined) return -1
  return Number(/version "(?:1\.)?(\d+)/.exec(found.stderr)?.[1] ?? 0)
}

const isFetched = (): boolean =>
  existsSync(STAMP) && readFileSync(STAMP, 'utf8') === readFileSync(POM, 'utf8')

/** Fetches into a temporary directory and renames it: other processes see all jars or none. */
function fetchJars(): void {
  mkdirSync(KAFKA_HOME, { recursive: true })
  const fresh = mkdtempSync(join(KAFKA_HOME, 'fetching-'))
  try {
    const copy = `${DEPENDENCY_PLUGIN}:copy-dependencies`
    runMaven('Kafka', ['--file', POM, copy, `-DoutputDirectory=${fresh}`])
    copyFileSync(POM, join(fresh, 'pom.xml'))
    putInPlace(fresh)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
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
