// Columns that a source has under other names or within others, and how that is written after --map.
import { FILE_COLUMNS } from './columns.ts'

/**
 * Where a source has columns: the path to each, by canonical name. A path is a name, or the names of
 * structs that contain each other and that of the value, from outside to inside.
 */
export type MappedColumns = Readonly<Record<string, readonly string[] | undefined>>

const marked = (name: string): string => name.replace(/[\\.,]/g, '\\$&')

/** A path as it is written. */
export const pathText = (path: readonly string[]): string => path.map(marked).join('.')

/** The text of a map, the columns in the order of a file; empty where nothing is mapped. */
export const mapText = (mapped: MappedColumns): string =>
  FILE_COLUMNS.flatMap(({ name }) => {
    const path = mapped[name]
    return path === undefined ? [] : [`${name}=${pathText(path)}`]
  }).join(',')

/** The paths of a map as they are written, by canonical name. */
export const pathTexts = (mapped: MappedColumns): ReadonlyMap<string, string> =>
  new Map(Object.entries(mapped).map(([column, path = []]) => [column, pathText(path)]))
