// The units of duration columns that Arrow writers keep in a file's metadata.
//
// Parquet has no type for durations: pyarrow and pandas write integers, and the Arrow schema in the
// metadata (base64 of an IPC message, a flatbuffer) states their unit. This file reads as much of
// the flatbuffer as that needs. Its tables begin with the negative distance to a list of offsets.
import { queryRows, type DuckDBConnection } from '../../duckdb.ts'
import type { Unit } from '../../record/duration-unit.ts'
import { metadataOf } from './read-parquet.ts'

/** Fields of the tables Message, Schema, Field and Duration, by place. */
const [MESSAGE_HEADER, SCHEMA_FIELDS, FIELD_NAME, FIELD_TYPE_KIND, FIELD_TYPE] = [2, 1, 0, 2, 3]
const [FIELD_CHILDREN, DURATION_UNIT] = [5, 0]
/** The kind of a Duration in Arrow's union of types. */
const DURATION = 18
const UNITS: readonly Unit[] = ['s', 'ms', 'us', 'ns']
/** A unit that is not written is milliseconds. */
const DEFAULT_UNIT = 1
/** Damaged metadata may refer to itself. */
const DEEPEST = 16
/** Before the flatbuffer: a continuation mark and its length, 4 bytes each. */
const PREFIX_BYTES = 8

/** The unit of each duration column of a file, by path; empty without an Arrow schema. */
export async function arrowDurations(
  connection: DuckDBConnection,
  data: string,
): Promise<ReadonlyMap<string, Unit>> {
  const [found] = await queryRows(connection, metadataOf(data, 'ARROW:schema'))
  const stored = (found as { value?: unknown } | undefined)?.value
  if (typeof stored !== 'string') return new Map()
  // Arrow stores its schema as base64.
  const encoded = Buffer.from(stored, 'base64').toString('latin1')
  try {
    return durationsOf(Buffer.from(encoded, 'base64'))
  } catch (error) {
    // Metadata that is damaged or of another version: the values decide.
    if (error instanceof RangeError) return new Map()
    throw error
  }
}

/** A path as a key. */
export const pathKey = (path: readonly string[]): string => JSON.stringify(path)

function durationsOf(message: Buffer): ReadonlyMap<string, Unit> {
  const bytes = message.subarray(PREFIX_BYTES)
  const schema = target(bytes, pointer(bytes, 0), MESSAGE_HEADER)
  const units = new Map<string, Unit>()
  if (schema !== 0) addFields(bytes, schema, SCHEMA_FIELDS, [], units)
  return units
}

/** Adds the durations among the fields of a schema, or among the children of a field. */
function addFields(
  bytes: Buffer,
  table: number,
  list: number,
  path: readonly string[],
  units: Map<string, Unit>,
): void {
  const fields = target(bytes, table, list)
  const count = fields === 0 ? 0 : bytes.readUInt32LE(fields)
  for (let at = 0; at < count; at++) {
    const field = pointer(bytes, fields + 4 + 4 * at)
    const name = target(bytes, field, FIELD_NAME)
    const length = bytes.readUInt32LE(name)
    const inner = [...path, bytes.toString('utf8', name + 4, name + 4 + length)]
    if (inner.length < DEEPEST) addFields(bytes, field, FIELD_CHILDREN, inner, units)
    const kind = place(bytes, field, FIELD_TYPE_KIND)
    if (kind === 0 || bytes.readUInt8(kind) !== DURATION) continue
    const unit = place(bytes, target(bytes, field, FIELD_TYPE), DURATION_UNIT)
    const number = unit === 0 ? DEFAULT_UNIT : bytes.readInt16LE(unit)
    units.set(pathKey(inner), UNITS[number] ?? 'ms')
  }
}

/** The place that the offset at `at` refers to. */
const pointer = (bytes: Buffer, at: number): number => at + bytes.readUInt32LE(at)

/** The place of a table's field; 0 when it is absent. */
function place(bytes: Buffer, table: number, field: number): number {
  const offsets = table - bytes.readInt32LE(table)
  const entry = 4 + 2 * field
  if (entry + 2 > bytes.readUInt16LE(offsets)) return 0
  const offset = bytes.readUInt16LE(offsets + entry)
  return offset === 0 ? 0 : table + offset
}

/** What a table's field refers to; 0 when it is absent. */
function target(bytes: Buffer, table: number, field: number): number {
  const at = place(bytes, table, field)
  return at === 0 ? 0 : pointer(bytes, at)
}
