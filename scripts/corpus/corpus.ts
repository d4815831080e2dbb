// Parquet files of other projects, which tests read: fetched once by Maven, never committed.
//
// They come from the test archives of Apache Drill and Apache Spark: files of Impala, Hive, Drill,
// Thrift, Protobuf and Avro writers of many versions, with old nestings, INT96, DELTA encodings,
// wrong statistics and offsets, several from apache/parquet-testing. The registries that this
// project uses have no package of apache/parquet-testing itself.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEPENDENCY_PLUGIN, runMaven } from '../maven.ts'
import { zipEntries } from './zip.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** The directory of the files, which git ignores. */
export const CORPUS = join(ROOT, '.corpus')
/** Names the archives that the files are from: after a change they are fetched again. */
const STAMP = join(CORPUS, 'archives.json')

/** The archives: group, artifact, version, SHA-256, and the number of different files in them. */
const ARCHIVES = [
  {
    group: 'org.apache.drill.exec',
    artifact: 'drill-java-exec',
    version: '1.21.2',
    sha256: '4777b8719af96a7ad4907ec65ef62d27a15ea7248de966d772a9d66576ec3d8d',
  },
  {
    group: 'org.apache.spark',
    artifact: 'spark-sql_2.13',
    version: '4.0.0',
    sha256: 'f90a8d03589d0c113aa330e970970390a1d7ec00837a6cf8d29309b309b6f3b1',
  },
] as const

/** The number of different files in these archives. */
export const CORPUS_FILES = 277

const MAGIC = 'PAR1'
const NAMED = /\.parq(uet)?$/i

/** Why the corpus is missing; null when it is there. */
export const whyNoCorpus = (): string | null =>
  isFetched() ? null : 'the corpus is missing: npm run corpus -- --fetch'

const isFetched = (): boolean =>
  existsSync(STAMP) && readFileSync(STAMP, 'utf8') === JSON.stringify(ARCHIVES)

/**
 * Fetches the files unless they are there; into a temporary directory that is renamed.
 *
 * @returns the number of different files
 * @throws Error when an archive cannot be fetched, or is not the one that is expected
 */
export function fetchCorpus(): number {
  if (isFetched()) return CORPUS_FILES
  const fresh = mkdtempSync(`${CORPUS}-`)
  try {
    const known = new Set<string>()
    for (const archive of ARCHIVES) extract(archive, fresh, known)
    if (known.size !== CORPUS_FILES) {
      throw new Error(`the archives have ${known.size} different files, expected ${CORPUS_FILES}`)
    }
    writeFileSync(join(fresh, 'archives.json'), JSON.stringify(ARCHIVES))
    rmSync(CORPUS, { recursive: true, force: true })
    renameSync(fresh, CORPUS)
    return known.size
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

type Archive = (typeof ARCHIVES)[number]

/** Writes the Parquet files of an archive that are not in `known` yet: by their magic or name. */
function extract(archive: Archive, directory: string, known: Set<string>): void {
  const { artifact } = archive
  for (const { name, read } of zipEntries(fetchArchive(archive, directory))) {
    if (name.endsWith('/') || name.endsWith('.class')) continue
    const content = read()
    if (content.toString('latin1', 0, 4) !== MAGIC && !NAMED.test(name)) continue
    const hash = sha256(content)
    if (known.has(hash)) continue
    known.add(hash)
    const base = `${artifact}/${name}`.replaceAll(/[^\w.-]+/g, '_')
    writeFileSync(join(directory, NAMED.test(base) ? base : `${base}.parquet`), content)
  }
}

function fetchArchive({ group, artifact, version, sha256: expected }: Archive, directory: string) {
  const jars = join(directory, 'archives')
  mkdirSync(jars, { recursive: true })
  const name = `${group}:${artifact}:${version}:jar:tests`
  runMaven(`the corpus (${name})`, [
    `${DEPENDENCY_PLUGIN}:copy`,
    `-Dartifact=${name}`,
    `-DoutputDirectory=${jars}`,
  ])
  const content = readFileSync(join(jars, `${artifact}-${version}-tests.jar`))
  rmSync(jars, { recursive: true })
  const found = sha256(content)
  if (found === expected) return content
  throw new Error(`${name} has the SHA-256 ${found}, expected ${expected}; do not use it`)
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')
