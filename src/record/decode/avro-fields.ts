// Maps the fields of an Avro record to columns.
import type { AvroRecord } from './avro-schema.ts'
import type { Meaning } from './avro-value.ts'
import { USED_COLUMNS } from '../columns.ts'
import { canonicalName, matchColumns } from '../column-names.ts'

/** The column that a field is read into. */
export interface Use {
  /** Place in USED_COLUMNS. */
  place: number
  meaning: Meaning
}

/** Columns of milliseconds, each with the time that it stands for where the time is absent. */
const PARTS: ReadonlyMap<string, string> = new Map([
  ['Start ms', 'Start'],
  ['End ms', 'End'],
])

/**
 * Uses by field, in the record's order; null for a field that is not used. A field is matched by
 * its name, or by the name that `renames` gives it, else by an alias.
 *
 * @throws PulseError `input-column` when a needed column is absent or two could be the same one
 */
export function usesOf(
  { fields }: AvroRecord,
  renames: ReadonlyMap<string, string>,
): (Use | null)[] {
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
  const known = new Set(spellings.map(canonicalName))
  const replaced = new Set<string>()
  for (const [part, time] of PARTS) {
    const at = spellings.findIndex((name) => canonicalName(name) === part)
    if (at < 0 || known.has(time)) continue
    spellings[at] = time
    replaced.add(time)
  }
  const columns = matchColumns('Avro schema', spellings)
  const fieldOf = new Map(spellings.map((name, at) => [name, at]))
  const uses: (Use | null)[] = fields.map(() => null)
  for (const [place, column] of USED_COLUMNS.entries()) {
    const at = fieldOf.get(columns.get(column) ?? '')
    if (at !== undefined && columns.has(column)) {
      uses[at] = { place, meaning: replaced.has(column) ? 'epoch' : meaningOf(column) }
    }
  }
  return uses
}

function meaningOf(column: string): Meaning {
  if (column === 'Bearer Id') return 'presence'
  if (column === 'Dur. (ms)') return 'duration'
  if (column === 'MSISDN/Number') return 'msisdn'
  return column === 'Start' || column === 'End' ? 'time' : 'number'
}
