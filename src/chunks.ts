// The only reader of DuckDB's vectors: results of a query as columns in DuckDB's own memory.
//
// It calls the binding directly. The classes of `@duckdb/node-api` ask for the type of each vector,
// and create an object per value.
import bindings from '@duckdb/node-bindings'
import type { DuckDBConnection, DuckDBDataChunk } from './duckdb.ts'
import { assert } from './errors.ts'

/** DuckDB's numbers of the types that are read here. */
const [DOUBLE, VARCHAR] = [11, 17]

/** Rows of a result. Its columns are valid as long as the chunk is referred to. */
export interface Chunk {
  rowCount: number
  /** DuckDB's number of the type of each column. */
  types: readonly number[]
  memory: DuckDBDataChunk
}

/** A result whose chunks are fetched one after another; null after the last one. */
export interface ChunkStream {
  fetch: () => Promise<Chunk | null>
}

/** Runs a query, and gives its rows while they are read. */
export async function streamChunks(
  connection: DuckDBConnection,
  sql: string,
): Promise<ChunkStream> {
  const result = await connection.stream(sql)
  let types: number[] | null = null
  return {
    async fetch() {
      const memory = await result.fetchChunk()
      const rowCount = memory?.rowCount ?? 0
      if (memory === null || rowCount === 0) return null
      types ??= Array.from({ length: result.columnCount }, (_, at) => result.columnTypeId(at))
      return { rowCount, types, memory }
    },
  }
}

/** A DOUBLE column, NULL as NaN. Each call makes another view of the same memory. */
export function doubles({ memory, rowCount, types }: Chunk, column: number): Float64Array {
  assert(types[column] === DOUBLE, `column ${column} is DOUBLE`)
  const vector = bindings.data_chunk_get_vector(memory.chunk, column)
  const bytes = bindings.vector_get_data(vector, rowCount * 8)
  const values = new Float64Array(bytes.buffer, bytes.byteOffset, rowCount)
  const valid = validityOf(vector, rowCount)
  if (valid !== null) writeNulls(values, valid)
  return values
}

/** A bit per row, 0 for NULL, in words of 32; null where no row is NULL. */
function validityOf(vector: bindings.Vector, rowCount: number): Uint32Array | null {
  const words = Math.ceil(rowCount / 64) * 2
  const bytes = bindings.vector_get_validity(vector, words * 4) as Uint8Array | null
  return bytes === null ? null : new Uint32Array(bytes.buffer, bytes.byteOffset, words)
}

function writeNulls(values: Float64Array, valid: Uint32Array): void {
  for (let w = 0; w * 32 < values.length; w++) {
    const word = valid[w]
    if (word === 0xffffffff) continue
    const end = Math.min(values.length, w * 32 + 32)
    for (let i = w * 32; i < end; i++) if ((word & (1 << (i & 31))) === 0) values[i] = NaN
  }
}

/** A VARCHAR column. */
export interface Texts {
  memory: DataView
  valid: Uint32Array | null
}

/** A VARCHAR column of a chunk, of which few texts are read. */
export function textsOf({ memory, rowCount, types }: Chunk, column: number): Texts {
  assert(types[column] === VARCHAR, `column ${column} is VARCHAR`)
  const vector = bindings.data_chunk_get_vector(memory.chunk, column)
  const bytes = bindings.vector_get_data(vector, rowCount * TEXT_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { memory: view, valid: validityOf(vector, rowCount) }
}

/** A text is its length, 4 bytes, and itself in 12 bytes; a longer one its beginning and address. */
const [TEXT_BYTES, INLINE_AT, MOST_INLINE, ADDRESS_AT] = [16, 4, 12, 8]

/** The text of a row, null for NULL. */
export function textAt({ memory, valid }: Texts, row: number): string | null {
  if (valid !== null && (valid[row >>> 5] & (1 << (row & 31))) === 0) return null
  const at = row * TEXT_BYTES
  const bytes = memory.getUint32(at, true)
  const begin = memory.byteOffset + at
  const buffer = memory.buffer as ArrayBuffer
  const text =
    bytes <= MOST_INLINE
      ? Buffer.from(buffer, begin + INLINE_AT, bytes)
      : bufferOf(bindings.get_data_from_pointer(buffer, begin + ADDRESS_AT, bytes))
  return text.toString('utf8')
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
