// Avro rows for tests with a registry: under any schema id, and in a new topic.
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { withDirectory } from '../../state-directory.ts'
import { rowsOf, sendRows, wireHeader, type Row } from './messages.ts'
import { sampleIn } from '../files/samples.ts'

/** Valid rows without a header; enough for a few batches. */
export const cleanRows = (): Promise<Row[]> =>
  withDirectory(async (directory) =>
    rowsOf(await sampleIn(directory, { rows: 270, dirt: 0 }), 'avro'),
  )

/** A row in Confluent's wire format. */
export const underId = (row: Row, id: number, body = row.value): Row => ({
  key: row.key,
  value: Buffer.concat([wireHeader(id), body]),
})

/** Makes a topic that holds the rows; returns its name. */
export async function topicOf(
  broker: Operations,
  rows: readonly Row[],
  partitions = 1,
): Promise<string> {
  const topic = uniqueName('schemas')
  await broker.createTopic(topic, { partitions })
  await sendRows(broker.bootstrap, topic, rows, { partitions, batches: [50], codec: 'none' })
  return topic
}
