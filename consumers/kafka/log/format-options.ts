// How the values of a topic are decoded: what a run asks for.
import type { SchemaRegistry } from '../../../src/kafka/schema-registry.ts'
import { compileAvro, type DecodeRow } from '../../../src/record/decode/avro.ts'
import type { TextReading } from '../../../src/record/decode/text-reading.ts'
import type { SourceColumns } from '../../../src/record/source-units.ts'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'

/** How values are decoded. */
export interface FormatOptions {
  /** `auto` decodes a value that begins with a brace as JSON, and any other as Avro. */
  format: 'auto' | 'avro' | 'json'
  /** Null for messages without schema ids. */
  registry: SchemaRegistry | null
  /** The writer's schema of Avro without schema ids; null for the one that `produce` sends. */
  schema: unknown
  /** IANA name of the zone of times without one. */
  timeZone: string
  /** Columns under other names, and the records that are read. */
  source: SourceColumns
  /** Receives a sentence for each schema whose messages are rejected or left out. */
  onSchema: (message: string) => void
}

/**
 * The decoder of messages without schema ids. What `produce` sends has the known names, whatever names
 * others have.
 *
 * @throws PulseError `input-column` when `schema` lacks a needed column
 */
export const compileRaw = (
  { schema, source: { mapped } }: FormatOptions,
  texts: TextReading,
): DecodeRow =>
  schema === null ? compileAvro(XDR_SCHEMA, { texts }) : compileAvro(schema, { texts, mapped })
