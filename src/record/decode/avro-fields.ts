// Maps the fields of an Avro record, and of records within it, to columns.
import { assert, PulseError } from '../../errors.ts'
import type { AvroField, AvroRecord, AvroType } from './avro-schema.ts'
import type { Meaning } from './avro-value.ts'
import { PLACE, USED_COLUMNS } from '../columns.ts'
import { canonicalName, matchColumns } from '../column-names.ts'
import { findPath, type NameLevel } from '../column-path.ts'
import { pathsIn, suggestMap } from '../map-suggestion.ts'
import { pathText, pathTexts, type MappedColumns } from '../mapped-columns.ts'
import { NEEDED_COLUMNS } from '../readable.ts'

/** The column that a field is read into. */
export interface Use {
  /** Place in USED_COLUMNS. */
  place: number
  meaning: Meaning
  /** The name by which it was found. */
  name: string
  type: AvroType
  /** Its presence is that of a bearer as well. */
  isBearer: boolean
}

/** A field whose record, which may be null, has fields that are read into columns. */
export interface RecordUse {
  record: AvroRecord
  /** The names that lead to it. */
  path: readonly string[]
  uses: FieldUse[]
}

/** What is read of a field; null for nothing. */
export type FieldUse = Use | RecordUse | null

/** Other names of fields in a schema. */
export interface Names {
  /** Names of fields, each with the name by which its column is known. */
  renames: ReadonlyMap<string, string>
  /** Columns with the paths to their fields. */
  mapped: MappedColumns
}

/** Columns of milliseconds, each with the time that it stands for where the time is absent. */
export const PARTS: ReadonlyMap<string, string> = new Map([
  ['Start ms', 'Start'],
  ['End ms', 'End'],
])
const SUBJECT = 'Avro schema'

/**
 * Uses by field, in the record's order. A column is read from its path in `mapped`; else from the
 * field with its name, or with the name that `renames` gives the field, else with such an alias.
 *
 * @throws PulseError `input-column` when a needed column or a path is absent or two could be the same
 *   one
 */
export function usesOf(record: AvroRecord, { renames, mapped }: Names): FieldUse[] {
  const { fields } = record
  const uses: FieldUse[] = fields.map(() => null)
  for (const [place, column] of USED_COLUMNS.entries()) {
    const path = mapped[column]
    if (path !== undefined) useMapped(place, path, record, renames, uses)
  }
  // What a path leads to, or through, is not found by its name as well.
  const open = fields.map((_, at) => at).filter((at) => uses[at] === null)
  const openFields = open.map((at) => fields[at])
  const spellings = spellingsOf(openFields, renames)
  const replaced = new Set<string>()
  const known = new Set([...spellings.map(canonicalName), ...Object.keys(mapped)])
  for (const [part, time] of PARTS) {
    const at = spellings.findIndex((name) => canonicalName(name) === part)
    if (at < 0 || known.has(time) || mapped[part] !== undefined) continue
    spellings[at] = time
    replaced.add(time)
  }
  const absent = NEEDED_COLUMNS.filter((column) => isAbsent(column, spellings, mapped))
  const suggestion = suggestMap(absent, pathsIn(levelOf(record, renames)))
  if (suggestion !== null) {
    throw new PulseError(
      'input-column',
      `${SUBJECT}: the column "${absent[0]}" is missing at the top, and ${suggestion}`,
    )
  }
  const columns = matchColumns(SUBJECT, spellings, { mapped: pathTexts(mapped) })
  const fieldOf = new Map(spellings.map((name, at) => [name, open[at]]))
  for (const [place, column] of USED_COLUMNS.entries()) {
    const name = columns.get(column)
    const at = fieldOf.get(name ?? '')
    if (name === undefined || at === undefined || mapped[column] !== undefined) continue
    const use = useOf(place, name, fields[at].type)
    uses[at] = replaced.has(column) ? { ...use, meaning: 'epoch' } : use
  }
  return uses
}

const isAbsent = (column: string, names: readonly string[], mapped: MappedColumns): boolean =>
  mapped[column] === undefined && !names.some((name) => canonicalName(name) === column)

/** The columns that are read, by field or within records. */
export const columnUses = (uses: readonly FieldUse[]): Use[] =>
  uses.flatMap((use) => {
    if (use === null) return []
    return 'uses' in use ? columnUses(use.uses) : [use]
  })

/** The names by which fields are matched: their own, another one, or an alias that is a column. */
function spellingsOf(fields: readonly AvroField[], renames: Names['renames']): string[] {
  const spellings = fields.map(({ name }) => renames.get(name) ?? name)
  const taken = new Set(spellings.map(canonicalName))
  for (const [at, { aliases }] of fields.entries()) {
    if (canonicalName(spellings[at]) !== undefined) continue
    const alias = aliases.find((one) => {
      const column = canonicalName(one)
      return column !== undefined && !taken.has(column)
    })
    if (alias !== undefined) spellings[at] = alias
  }
  return spellings
}

/** Adds the field that a path leads to, with the records on the way. */
function useMapped(
  place: number,
  path: readonly string[],
  top: AvroRecord,
  renames: Names['renames'],
  uses: FieldUse[],
): void {
  const column = USED_COLUMNS[place]
  const found = findPath(SUBJECT, column, path, levelOf(top, renames))
  let [record, level] = [top, uses]
  for (const [depth, name] of found.entries()) {
    const field = fieldNamed(record, name, renames)
    const at = record.fields.indexOf(field)
    const { type } = field
    const known = level[at]
    const isLast = depth === found.length - 1
    if (isLast && known !== null && !('uses' in known)) {
      // Any value may stand for the presence of a bearer.
      if (place === PLACE.bearer) known.isBearer = true
      else if (known.place === PLACE.bearer) level[at] = useOf(place, name, type, true)
      else throw usedTwice(column, path)
      return
    }
    if (known !== null && (isLast || !('uses' in known))) throw usedTwice(column, path)
    if (isLast) {
      level[at] = useOf(place, name, type)
      return
    }
    const inner = recordIn(type)
    if (typeof inner === 'string') throw usedTwice(column, path)
    const way = found.slice(0, depth + 1)
    const use = known ?? { record: inner, path: way, uses: inner.fields.map(() => null) }
    level[at] = use
    ;[record, level] = [inner, use.uses]
  }
}

function useOf(place: number, name: string, type: AvroType, isBearer = false): Use {
  return { place, meaning: meaningOf(USED_COLUMNS[place]), name, type, isBearer }
}

const usedTwice = (column: string, path: readonly string[]): PulseError =>
  new PulseError(
    'input-column',
    `${SUBJECT}: the column "${column}" is mapped to "${pathText(path)}", which another column is ` +
      'mapped to or into, expected a field of its own; correct --map',
  )

const namesOf = ({ name, aliases }: AvroField, renames: Names['renames']): string[] => {
  const renamed = renames.get(name)
  return [name, ...(renamed === undefined ? [] : [renamed]), ...aliases]
}

function fieldNamed({ fields }: AvroRecord, name: string, renames: Names['renames']): AvroField {
  const found =
    fields.find((field) => field.name === name) ??
    fields.find((field) => namesOf(field, renames).includes(name))
  assert(found !== undefined, 'a path has names that are there')
  return found
}

const levelOf = (record: AvroRecord, renames: Names['renames']): NameLevel => ({
  names: [...new Set(record.fields.flatMap((field) => namesOf(field, renames)))],
  within: (name) => {
    const inner = recordIn(fieldNamed(record, name, renames).type)
    // Names in other versions are those of the outermost record.
    return typeof inner === 'string' ? inner : levelOf(inner, new Map())
  },
})

/** The record that a type is, or is when it is not null; else words for what it is. */
function recordIn(type: AvroType): AvroRecord | string {
  if (type.kind === 'record') return type
  if (type.kind !== 'union') return `of type ${type.kind}`
  const valued = type.branches.filter(({ kind }) => kind !== 'null')
  if (valued.length === 1) return recordIn(valued[0])
  return 'a union of several types'
}

function meaningOf(column: string): Meaning {
  if (column === 'Bearer Id') return 'presence'
  if (column === 'Dur. (ms)') return 'duration'
  if (column === 'MSISDN/Number') return 'msisdn'
  return column === 'Start' || column === 'End' ? 'time' : 'number'
}
