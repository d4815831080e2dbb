// Java and the jars of Kafka: found, or fetched once by Maven into a folder that git ignores.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../src/errors.ts'

const POM = join(import.meta.dirname, 'pom.xml')
/** Where jars and the data of `npm run broker` are. */
export const KAFKA_HOME = join(import.meta.dirname, '..', '..', '.kafka')
const LIBS = join(KAFKA_HOME, 'libs')
/** Loaded instead of the jars: a start takes half the time. Java leaves it be if it does not fit. */
const ARCHIVE = join(KAFKA_HOME, 'classes.jsa')
/** Beside the jars: the pom they were fetched for, so that a new version is fetched anew. */
const STAMP = join(LIBS, 'pom.xml')
/** What Kafka 4 asks of a broker's Java. */
const LEAST_JAVA = 17
/** 55 MB on a slow line. */
const FETCH_MS = 10 * 60_000
/** Kept to one version: Maven resolves what a bare plugin name means anew each day. */
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.7.0:copy-dependencies'

/** A program and what stands before its own arguments. */
export interface Java {
  program: string
  /** Class path of all jars. */
  classPath: string
  /** File with classes as Java has them in memory; may not be there (`npm run broker -- --fetch`). */
  archive: string
}

const INSTALL_JAVA = `install Java ${LEAST_JAVA} or later (Debian: apt-get install default-jre-headless)`
const INSTALL_MAVEN = 'install Maven (Debian: apt-get install maven)'

/**
 * Java and Kafka's jars, fetched when they are not here yet.
 *
 * @throws Error whose sentence says what is missing and what to install
 */
export function findKafka(): Java {
  const program = findJava()
  if (!isFetched()) fetchJars()
  return { program, classPath: join(LIBS, '*'), archive: ARCHIVE }
}

let missing: string | null | undefined

/** Why there can be no Kafka on this machine; null when there can. Fetches the jars. */
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
  if (found.error !== undefined) throw new Error(`No Java: ${INSTALL_JAVA}`)
  const version = /version "(?:1\.)?(\d+)/.exec(found.stderr)?.[1] ?? 'unknown'
  if (Number(version) >= LEAST_JAVA) return program
  throw new Error(`${program} is version ${version}: ${INSTALL_JAVA}`)
}

const isFetched = (): boolean =>
  existsSync(STAMP) && readFileSync(STAMP, 'utf8') === readFileSync(POM, 'utf8')

/** Fetched elsewhere and moved into place as a whole: who starts meanwhile sees all or nothing. */
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
  if (error?.code === 'ENOENT') throw new Error(`No Maven to fetch Kafka: ${INSTALL_MAVEN}`)
  if (run.status === 0) return
  const said = `${run.stdout}${run.stderr}`.trim().split('\n').slice(0, 3).join('\n')
  throw new Error(`Maven could not fetch Kafka: ${error?.message ?? ''}\n${said}`)
}

function putInPlace(fresh: string): void {
  try {
    rmSync(ARCHIVE, { force: true })
    if (!isFetched()) rmSync(LIBS, { recursive: true, force: true })
    renameSync(fresh, LIBS)
  } catch (error) {
    // Another process was first.
    if (!isFetched()) throw error
  }
}
