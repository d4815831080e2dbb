// Compares the files given to `verify` with the sources of a state: both must be the same.
import { knownFiles } from '../../state/known-files.ts'
import type { StateView } from '../../state/read.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import { PulseError } from '../errors.ts'
import type { ParquetFile } from '../parquet/files.ts'
import type { Hasher } from '../parquet/identity/content-hash.ts'
import { identifyFiles } from '../parquet/identity/identity.ts'
import type { Input } from '../parquet/input.ts'

/** A file given, and the source of the state that it is. */
export interface MatchedFile {
  file: ParquetFile
  /** Hash of the whole content in hex digits. */
  content: string
  /** The state holds this hash; else only size, footer and samples show that it is the same file. */
  byContent: boolean
  /** What the state remembers of it, of any partition; null for a file without rows. */
  position: SourcePosition | null
}

/** Sources named in one error. */
const MOST_NAMED = 10

/**
 * The files with the sources that they are by their content, each content once.
 *
 * @throws PulseError `verify-differs` for files that the state has not applied to their ends,
 *   `input-missing` for sources of the state that were not given; the text names both
 */
export async function matchFiles(
  input: Input,
  hasher: Hasher,
  { positions }: StateView,
  partitions: number,
): Promise<MatchedFile[]> {
  const known = knownFiles(positions.map(({ source, position }) => [source, position] as const))
  const identified = await identifyFiles(input.files, known, hasher, false)
  input.skipped.push(...identified.skipped)
  const matched: MatchedFile[] = []
  const unapplied: string[] = []
  for (const { file, content } of identified.files) {
    const read = positions.filter(({ source }) => source === file.id).map((one) => one.position)
    const applied = read.filter(({ next }) => next >= file.rows)
    if (applied.length < partitions && file.rows > 0) {
      const first = Math.min(...read.map(({ next }) => next))
      const found = read.length < partitions ? 'none' : `the first ${first}`
      unapplied.push(`${file.path}: the state has applied ${found} of its ${file.rows} rows`)
    }
    const held = read.find((position) => position.content !== null)?.content ?? null
    matched.push({
      file,
      content: content ?? (await hasher.hash(file.path, 'gmac')),
      byContent: held !== null,
      position: read[0] ?? null,
    })
  }
  const given = new Set(matched.map(({ file }) => file.id))
  const absent = positions.filter(({ source }) => !given.has(source))
  requireSame(unapplied, new Map(absent.map(({ source, position }) => [source, position])))
  return matched
}

function requireSame(unapplied: string[], absent: ReadonlyMap<string, SourcePosition>): void {
  const held = [...absent].map(([source, { kind, name, next, content }]) =>
    kind === 'topic'
      ? `rows of the topic ${name}, which "verify" cannot read`
      : `${next} rows of ${name} (content ${content ?? `with fingerprint ${source}`})`,
  )
  const sentences: string[] = []
  if (unapplied.length > 0) {
    sentences.push(
      `${listed(unapplied)}; expected all: replay the files to their ends into this state, or ` +
        'omit them',
    )
  }
  if (held.length > 0) {
    sentences.push(
      `the state holds ${listed(held.sort())}, which was not given; expected the files of the state: ` +
        'name every one',
    )
  }
  if (sentences.length === 0) return
  const code = unapplied.length > 0 ? 'verify-differs' : 'input-missing'
  throw new PulseError(code, sentences.join('; and '))
}

function listed(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''
  return `${names.slice(0, MOST_NAMED).join(', ')}${more}`
}
