// Decides which source a file is: its fingerprint, and where that is known already, its whole content.
import { resolve } from 'node:path'
import { PulseError } from '../../errors.ts'
import { isUntouched, type FileStamp } from '../../record/file-stamp.ts'
import type { Hasher } from './content-hash.ts'
import { algorithmOf } from './hash-file.ts'
import type { ParquetFile } from '../files.ts'
import type { SkippedPath } from '../find/skipped.ts'

/** What a state knows of a file that it has read, or begun to read. */
export interface KnownSource {
  id: string
  name: string
  /** Hash of the whole content in hex digits; null when the run that read it did not store it. */
  content: string | null
  /** Null for a source of a former format. */
  stamp: FileStamp | null
  /** Rows read in all partitions. */
  next: number
  rows: number
}

/** A file with the source that it is. */
export interface IdentifiedFile {
  file: ParquetFile
  /** Hash of the whole content in hex digits; null while it is not needed. */
  content: string | null
}

/** The sources of a run, each content once. */
export interface Identified {
  files: IdentifiedFile[]
  skipped: SkippedPath[]
  /** Sentences on files whose content is not what their name or fingerprint suggests. */
  notes: string[]
}

/** The identity of a content whose fingerprint another content has: the same number of digits. */
export const contentId = (content: string): string => content.slice(0, 32)

/**
 * Gives each file the identity of its content. Only a fingerprint that is known already makes it
 * necessary to read the whole file first.
 *
 * @param trustStamps a file that nobody has touched since it was hashed is not hashed again
 * @throws PulseError `input-invalid` for a file of which the state holds rows of a former content
 */
export async function identifyFiles(
  files: readonly ParquetFile[],
  known: readonly KnownSource[],
  hasher: Hasher,
  trustStamps: boolean,
): Promise<Identified> {
  const found: Identified = { files: [], skipped: [], notes: [] }
  const sources = new Map(known.map((source) => [source.id, source]))
  for (const file of files) {
    const identified = await identify(file, sources, found, hasher, trustStamps)
    if (found.files.some((other) => other.file.id === identified.file.id)) {
      found.skipped.push({ path: file.path, reason: 'same-content' })
      continue
    }
    const source = sources.get(identified.file.id)
    if (source === undefined || source.next === 0) noteFormerContent(file, known, found.notes)
    found.files.push(identified)
  }
  return found
}

async function identify(
  file: ParquetFile,
  sources: ReadonlyMap<string, KnownSource>,
  { files, notes }: Identified,
  hasher: Hasher,
  trustStamps: boolean,
): Promise<IdentifiedFile> {
  const twin = files.find((other) => other.file.id === file.id)
  const source = sources.get(file.id)
  const isBegun = source !== undefined && source.next > 0
  if (twin === undefined && !isBegun) return { file, content: null }
  if (twin === undefined && trustStamps && isHashed(file, source)) {
    return { file, content: source?.content ?? null }
  }
  if (twin !== undefined && !isBegun) twin.content ??= await hasher.hash(twin.file.path, 'gmac')
  const former = isBegun ? source.content : (twin?.content ?? null)
  // Only hashes of one algorithm can be compared.
  const content = await hasher.hash(file.path, former === null ? 'gmac' : algorithmOf(former))
  if (isBegun && former === null) requireSameFile(file, source)
  if (former === null || former === content) return { file, content }
  if (isBegun && source.next < source.rows) throw hasChanged(file, source, 'has other content now')
  const other = source?.name ?? twin?.file.path
  notes.push(
    `${file.path}: another file than ${other}, with the same size, footer and samples but other ` +
      'content: its rows are applied as those of another file',
  )
  return { file: { ...file, id: contentId(content) }, content }
}

/** True for the very file that was hashed, if nobody has touched it since. */
const isHashed = ({ stamp }: ParquetFile, source: KnownSource | undefined): boolean =>
  source?.content != null && source.stamp !== null && isUntouched(source.stamp, stamp)

/** Without a hash, which a run that was killed early has not stored, the stamp decides. */
function requireSameFile(file: ParquetFile, source: KnownSource): void {
  const { stamp } = source
  if (stamp === null) return
  const { inode, bytes, modifiedNs } = file.stamp
  if (stamp.inode === inode && stamp.bytes === bytes && stamp.modifiedNs === modifiedNs) return
  throw hasChanged(file, source, 'was copied, replaced or written to since, before it was hashed')
}

/** A path that held another content when the state read it. */
function noteFormerContent(
  file: ParquetFile,
  known: readonly KnownSource[],
  notes: string[],
): void {
  const path = resolve(file.path)
  const former = known.filter(({ stamp, next }) => stamp?.path === path && next > 0)
  for (const source of former) {
    if (source.next < source.rows) throw hasChanged(file, source, 'has other content now')
    notes.push(
      `${file.path}: the state holds all ${source.rows} rows of a former content of this file; ` +
        'they stay applied, and the present rows are applied as those of another file',
    )
  }
}

const hasChanged = (file: ParquetFile, { next }: KnownSource, what: string): PulseError =>
  new PulseError(
    'input-invalid',
    `${file.path}: the first ${next} rows of its former content are applied, and it ${what}; ` +
      'expected the same content: restore the former file, or replay all files into a new directory',
  )
