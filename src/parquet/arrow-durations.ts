// The units of duration columns that Arrow writers keep in a file's metadata.
//
// Parquet has no type for durations: pyarrow and pandas write integers, and the Arrow schema in the
// metadata (base64 of an IPC message, a flatbuffer) states their unit. This file reads as much of
// the flatbuffer as that needs. Its tables begin with the negative distance to a list of offsets.
import { queryRows, type DuckDBConnection } from '../duckdb.ts'
import type { Unit } from '../record/duration-unit.ts'
import { metadataOf } from './files.ts'

/** Fields of the tables Message, Schema, Field and Duration, by place. */
const [MESSAGE_HEADER, SCHEMA_FIELDS, FIELD_NAME, FIELD_TYPE_KIND, FIELD_TYPE, DURATION_UNIT] = [
  2, 1, 0, 2, 3, 0,
]
/** The kind of a Duration in Arrow's union of types. */
const DURATION = 18
const UNITS: readonly Unit[] = ['s', 'ms', 'us', 'ns']
/** A unit that is not written is milliseconds. */
const DEFAULT_UNIT = 1
/** Before the flatbuffer: a continuation mark and its length, 4 bytes each. */
const PREFIX_BYTES = 8

/** The unit of each duration column of a file, by name; empty without an Arrow schema. */
export async function arrowDurations(
  connection: DuckDBConnection,
  data: string,
): Promise<ReadonlyMap<string, Unit>> {
  const [found] = await queryRows(connection, metadataOf(data, 'ARROW:schema'))
  const encoded = (found as { value?: unknown } | undefined)?.value
  if (typeof encoded !== 'string') return new Map()
  try {
    return durationsOf(Buffer.from(encoded, 'base64'))
  } catch (error) {
    // Metadata that is damaged or of another version: the values decide.
    if (error instanceof RangeError) return new Map()
    throw error
  }
}

function durationsOf(message: Buffer): ReadonlyMap<string, Unit> {
  const bytes = message.subarray(PREFIX_BYTES)
  const root = pointer(bytes, 0)
  const schema = target(bytes, root, MESSAGE_HEADER)
  const fields = schema === 0 ? 0 : target(bytes, schema, SCHEMA_FIELDS)
  const units = new Map<string, Unit>()
  const count = fields === 0 ? 0 : bytes.readUInt32LE(fields)
  for (let at = 0; at < count; at++) {
    const field = pointer(bytes, fields + 4 + 4 * at)
    const kind = place(bytes, field, FIELD_TYPE_KIND)
    if (kind === 0 || bytes.readUInt8(kind) !== DURATION) continue
    const name = target(bytes, field, FIELD_NAME)
    const unit = place(bytes, target(bytes, field, FIELD_TYPE), DURATION_UNIT)
    const length = bytes.readUInt32LE(name)
    const number = unit === 0 ? DEFAULT_UNIT : bytes.readInt16LE(unit)
    units.set(bytes.toString('utf8', name + 4, name + 4 + length), UNITS[number] ?? 'ms')
  }
  return units
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
