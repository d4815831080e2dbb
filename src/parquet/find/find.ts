// Finds the files that arguments name: files, directories as Spark, Hive and Arrow mean them, globs.
import { existsSync, globSync, lstatSync, readdirSync } from 'node:fs'
import { dirname, join, matchesGlob, relative, sep } from 'node:path'
import { PulseError } from '../../errors.ts'
import { formatOf, statusOf, unreadable, type FileFormat } from '../file-kind.ts'
import { summaryOf, type SkippedPath } from './skipped.ts'
import { refuseTables } from './table-format.ts'

/** A file that belongs to the input. */
export interface FoundFile {
  path: string
  format: FileFormat
}

/** What arguments name. */
export interface FoundPaths {
  files: FoundFile[]
  skipped: SkippedPath[]
}

/** A search: what it has found and seen so far. */
interface Search extends FoundPaths {
  /** Files and directories that were reached, by device and inode. */
  seen: Set<string>
  /** Directories that do not lie within a table. */
  plain: Set<string>
}

/**
 * Finds the files of all arguments. A file that is reached twice counts once.
 *
 * @throws PulseError `input-missing` for an argument without files, `input-invalid` for anything
 *   that cannot be read, special files and tables of Delta Lake, Iceberg and Hudi
 */
export function findFiles(patterns: readonly string[]): FoundPaths {
  const search: Search = { files: [], skipped: [], seen: new Set(), plain: new Set() }
  for (const pattern of patterns) {
    if (isThere(pattern)) addArgument(search, pattern)
    else addMatches(search, pattern)
  }
  return { files: search.files, skipped: search.skipped }
}

/** True for a link without a target, too. */
const isThere = (path: string): boolean =>
  existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** A path that is given itself belongs to the input, whatever its name. */
function addArgument(search: Search, path: string): void {
  const { type, key } = statusOf(path)
  if (type === 'file') {
    const format = formatOf(path)
    if (format === null) throw missing(path, 'the file is not a Parquet or CSV file')
    addFile(search, path, format, key)
    return
  }
  const [files, skipped] = [search.files.length, search.skipped.length]
  walk(search, path)
  requireOneFormat(path, search.files.slice(files))
  requireSome(search, files, skipped, path, 'the directory holds no Parquet or CSV file')
}

/** Files that were reached before are enough. */
function requireSome(
  search: Search,
  files: number,
  skipped: number,
  argument: string,
  what: string,
): void {
  const passed = search.skipped.slice(skipped)
  if (search.files.length > files || passed.some(({ reason }) => reason === 'same-file')) return
  const names = passed.length === 0 ? '' : ` (skipped: ${summaryOf(passed)})`
  throw missing(argument, `${what}${names}`)
}

/** Rows are often kept in both formats: to read both would count them twice. */
function requireOneFormat(path: string, files: readonly FoundFile[]): void {
  const csv = files.find(({ format }) => format === 'csv')
  const parquet = files.find(({ format }) => format === 'parquet')
  if (csv === undefined || parquet === undefined) return
  throw new PulseError(
    'input-invalid',
    `${path}: it holds Parquet and CSV files (${relative(path, parquet.path)}, ` +
      `${relative(path, csv.path)}), perhaps of the same rows; expected one format: name the files ` +
      'to read, or give a pattern such as *.csv',
  )
}

function addMatches(search: Search, pattern: string): void {
  const [files, skipped] = [search.files.length, search.skipped.length]
  const matches = matchesOf(search, pattern)
  for (const path of matches) addMatch(search, path, pattern)
  if (matches.length === 0) throw missing(pattern, 'no such file, directory or match')
  requireSome(search, files, skipped, pattern, 'no match is a Parquet or CSV file')
}

/**
 * Matches of a pattern in order. Node's `**` does not follow links, so directories below it are
 * walked as an argument would be.
 */
function matchesOf(search: Search, pattern: string): string[] {
  const parts = pattern.split(/[\\/]/)
  const deep = parts.indexOf('**')
  if (deep < 0) return globSync(pattern).sort()
  const base = parts.slice(0, deep).join(sep) || (pattern.startsWith(sep) ? sep : '.')
  const rest = parts.slice(deep).join(sep)
  const bases = existsSync(base) ? [base] : globSync(base).sort()
  return bases.flatMap((directory) => {
    if (statusOf(directory).type !== 'directory') return []
    const below: Search = { ...search, files: [], skipped: [], seen: new Set() }
    walk(below, directory)
    const isMatch = ({ path }: { path: string }): boolean =>
      matchesGlob(relative(directory, path), rest)
    search.skipped.push(...below.skipped.filter(isMatch))
    return below.files.filter(isMatch).map(({ path }) => path)
  })
}

/** What a pattern matches is chosen as within a directory. */
function addMatch(search: Search, path: string, pattern: string): void {
  const given = pattern.split(/[\\/]/)
  const isNamed = (part: string): boolean => given.some((segment) => segment.startsWith(part[0]))
  const hidden = path.split(sep).some((part) => isHidden(part) && !isNamed(part))
  if (hidden) search.skipped.push({ path, reason: 'hidden-name' })
  else addEntry(search, path)
}

function walk(search: Search, directory: string): void {
  refuseTables(directory, search.plain)
  const { key } = statusOf(directory)
  if (search.seen.has(key)) {
    search.skipped.push({ path: directory, reason: 'same-file' })
    return
  }
  search.seen.add(key)
  for (const name of namesIn(directory)) {
    const path = join(directory, name)
    if (isHidden(name)) search.skipped.push({ path, reason: 'hidden-name' })
    else if (name.endsWith('._COPYING_')) search.skipped.push({ path, reason: 'unfinished-copy' })
    else addEntry(search, path)
  }
}

/** A name in which Hive keeps a column's value, such as `_date=2026-01-01`, is not hidden. */
const isHidden = (name: string): boolean =>
  name.startsWith('.') ? name !== '.' && name !== '..' : /^_[^=]*$/.test(name)

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    throw unreadable(directory, error)
  }
}

function addEntry(search: Search, path: string): void {
  const { type, key } = statusOf(path)
  if (type === 'directory') {
    walk(search, path)
    return
  }
  const format = formatOf(path)
  if (format === null) search.skipped.push({ path, reason: 'other-format' })
  else addFile(search, path, format, key)
}

function addFile(search: Search, path: string, format: FileFormat, key: string): void {
  refuseTables(dirname(path), search.plain)
  if (search.seen.has(key)) search.skipped.push({ path, reason: 'same-file' })
  else search.files.push({ path, format })
  search.seen.add(key)
}

const missing = (pattern: string, what: string): PulseError =>
  new PulseError(
    'input-missing',
    `${pattern}: ${what}; expected Parquet or CSV files: check the path`,
  )
