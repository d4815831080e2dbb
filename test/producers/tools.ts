// The programs of foreign producers on this machine, and why their tests are skipped without them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findKafka, KAFKA_HOME } from '../../scripts/kafka/jars.ts'
import { needsKafka } from '../broker.ts'
import { ROOT } from '../source-tree.ts'

/** The directory of Python and of the programs of its packages. */
export const PYTHON_BIN = join(ROOT, 'bench', 'out', 'venv', 'bin')
/** Python with the packages of `bench/peers/requirements.txt`. */
export const PYTHON = join(PYTHON_BIN, 'python')

/** The options of a test that needs Kafka and programs; each reason is null where it can run. */
export function needs(...reasons: readonly (() => string | null)[]): { skip: string | false } {
  if (process.env['CI'] !== undefined) return { skip: false }
  const kafka = needsKafka()
  if (kafka.skip !== false) return kafka
  return { skip: reasons.map((reason) => reason()).find((found) => found !== null) ?? false }
}

/** The reason to skip a test that needs Python with the packages; null when it is installed. */
export function whyNoPython(): string | null {
  if (spawnSync(PYTHON, ['-c', 'import confluent_kafka, fastavro, kafka']).status === 0) return null
  return 'needs bench/out/venv with bench/peers/requirements.txt'
}

/** The reason to skip a test that needs kcat; null when it is installed. */
export const whyNoKcat = (): string | null =>
  spawnSync('kcat', ['-V']).status === 0 ? null : 'kcat is not installed'

/** The reason to skip a test that compiles Java; null with a JDK and Kafka's client. */
export function whyNoCompiler(): string | null {
  if (!existsSync(join(KAFKA_HOME, 'libs'))) return 'Kafka was not fetched'
  const { stdout } = spawnSync(findKafka().program, ['--list-modules'], { encoding: 'utf8' })
  return stdout.includes('jdk.compiler@') ? null : 'java is not that of a JDK'
}
