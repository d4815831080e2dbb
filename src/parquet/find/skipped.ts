// What arguments cover and is not read, with the reason, and how it is listed.

/** Why something that an argument covers is not read. */
export type SkipReason =
  'hidden-name' | 'unfinished-copy' | 'other-format' | 'same-file' | 'same-content'

/** Something that an argument covers and that is not read. */
export interface SkippedPath {
  path: string
  reason: SkipReason
}

const SKIPPED_TEXT: Readonly<Record<SkipReason, string>> = {
  'hidden-name': 'name begins with . or _',
  'unfinished-copy': 'unfinished copy',
  'other-format': 'neither Parquet nor CSV',
  'same-file': 'reached before by another path',
  'same-content': 'same content as another file',
}

/** The last part of a path, without node:path: the page checks the types of this file too. */
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Names listed per reason; the rest are counted. */
const MOST_NAMES = 8

/** A line per reason, with the first names. */
export function skippedLines(skipped: readonly SkippedPath[]): string[] {
  return (Object.keys(SKIPPED_TEXT) as SkipReason[]).flatMap((reason) => {
    const paths = skipped.filter((entry) => entry.reason === reason).map(({ path }) => path)
    if (paths.length === 0) return []
    const more = paths.length > MOST_NAMES ? ` and ${paths.length - MOST_NAMES} more` : ''
    const names = paths.slice(0, MOST_NAMES).join(', ')
    return [`not read, ${SKIPPED_TEXT[reason]} (${paths.length}): ${names}${more}`]
  })
}

/** The first names, for an error. */
export function summaryOf(skipped: readonly SkippedPath[]): string {
  const names = skipped.slice(0, MOST_NAMES).map(({ path }) => nameOf(path))
  return skipped.length > MOST_NAMES ? `${names.join(', ')}, …` : names.join(', ')
}
