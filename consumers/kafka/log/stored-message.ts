// Decodes a rejected message as it is stored.
import { encodeHeaders } from '../../../src/kafka/headers.ts'
import type { MessageFormat } from './message-format.ts'
import { addMessage, type MessageRows, type RawMessage } from './message-rows.ts'

const NO_RECORD = { offset: 0, timestampMs: 0, keyFrom: -1, keyTo: -1 }

/** Decodes a message into row 0, with its outcome; fetches its schema first if it is not known. */
export async function decodeStored(
  format: MessageFormat,
  { value, headers = [] }: RawMessage,
  rows: MessageRows,
): Promise<void> {
  const values = rows.columns.map((column) => column.values)
  const body = Buffer.from(value ?? '', 'base64')
  const bytes = Buffer.concat([
    body,
    encodeHeaders(
      headers.map(([name, text]) => [name, text === null ? null : Buffer.from(text, 'base64')]),
    ),
  ])
  const cursor = { bytes, valueFrom: value === null ? -1 : 0, valueTo: body.length }
  rows.count = 0
  rows.details.clear()
  if (!addMessage(rows, values, { ...NO_RECORD, ...cursor }, format)) {
    await format.learn(format.wanted())
    addMessage(rows, values, { ...NO_RECORD, ...cursor }, format)
  }
}
