// Peers in Java: sources in bench/peers, built by Maven into bench/out when they have changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchOptions } from './options.ts'
import { works } from './process.ts'
import { OUT } from './sample.ts'

const PEERS = join(import.meta.dirname, 'peers')
const BUILD_MS = 10 * 60_000
/** The schema of the records of all benches. */
export const SCHEMA: string = join(import.meta.dirname, '../schema/xdr.avsc')
/** The collector with the lowest cost, and a heap that it rarely needs to collect. */
const JVM = ['-Xms2g', '-Xmx4g', '-Xmn1500m', '-XX:+UseParallelGC']
const SMALL_JVM = ['-Xmx512m', '-XX:+UseSerialGC']
/** Below this number of rows, allocating the large heap would dominate. */
const SMALL_ROWS = 100_000

/** A peer in Java: its folder in bench/peers, and its class. */
export interface JavaPeer {
  folder: string
  main: string
  /** What the Java machine needs in addition. */
  jvm: readonly string[]
}

const outputOf = ({ folder }: JavaPeer): string => join(OUT, folder)
const stampOf = (peer: JavaPeer): string => join(outputOf(peer), 'stamp')

/** Hash of all sources: one peer may compile a source of another. */
function sourceHash({ folder }: JavaPeer): string {
  const hash = createHash('sha256')
  for (const file of globSync([`${folder}/pom.xml`, '*/src/**/*.*'], { cwd: PEERS }).sort()) {
    hash.update(readFileSync(join(PEERS, file)))
  }
  return hash.digest('hex')
}

const isBuilt = (peer: JavaPeer): boolean =>
  existsSync(stampOf(peer)) && readFileSync(stampOf(peer), 'utf8') === sourceHash(peer)

/** Why a peer cannot run, or shall not; null when it can. */
export function whyNotJava(peer: JavaPeer, wanted: BenchOptions['peer']): string | null {
  if (wanted === 'none') return 'skipped by --peer none'
  if (isBuilt(peer) && works('java', ['-version'])) return null
  if (wanted === 'built') return 'skipped, it is not built'
  return works('mvn', ['-version']) ? null : 'skipped, building it needs Maven'
}

/**
 * Builds a peer whose sources have changed.
 *
 * @throws Error when Maven fails
 */
export function buildJava(peer: JavaPeer): void {
  if (isBuilt(peer)) return
  rmSync(stampOf(peer), { force: true })
  const pom = join(PEERS, peer.folder, 'pom.xml')
  const library = join(outputOf(peer), 'lib')
  const goals = ['compile', 'dependency:copy-dependencies', `-DoutputDirectory=${library}`]
  const mvn = ['--quiet', '--batch-mode', '-Dstyle.color=never', '--file', pom]
  const run = spawnSync('mvn', [...mvn, ...goals], { encoding: 'utf8', timeout: BUILD_MS })
  if (run.status !== 0)
    throw new Error(`Maven failed to build the peer: ${run.stdout}${run.stderr}`)
  writeFileSync(stampOf(peer), sourceHash(peer))
}

/** The command that starts a built peer for a number of records; it reads options as name=value. */
export function javaCommand(
  peer: JavaPeer,
  records: number,
  options: Readonly<Record<string, string | number | boolean>>,
): string[] {
  const output = outputOf(peer)
  const heap = records < SMALL_ROWS ? SMALL_JVM : JVM
  const given = Object.entries(options).map(([name, value]) => `${name}=${value}`)
  const classes = `${join(output, 'classes')}:${join(output, 'lib')}/*`
  return ['java', ...heap, ...peer.jvm, '-cp', classes, peer.main, ...given]
}
