// The table of docs/producers: what is sent by which producer, and what is found.
import assert from 'node:assert/strict'
import { producerIndex } from './sessions.ts'

/** The producers of the table. */
export const PRODUCERS = [
  'confluent-kafka',
  'kafka-python',
  'kcat',
  'kafkajs',
  'Java',
  '`xdr-pulse produce`',
] as const

/** One of them. */
export type ProducerName = (typeof PRODUCERS)[number]

/** The formats of the table. */
export const FORMATS = [
  'JSON',
  'Avro',
  'Avro frame',
  'Avro header',
  'JSON Schema frame',
  'Protobuf frame',
] as const

/** One of them. */
export type Format = (typeof FORMATS)[number]

/**
 * What is found in a topic: the state of a replay, by a known hash or by one that refuses a history;
 * split subscribers, and the same refusal; or rejected messages.
 */
export type Result =
  | { kind: 'same'; hash: string }
  | { kind: 'same-unknown' | 'split'; refusal: string }
  | { kind: 'rejected'; detail: string }

/** What one producer sends to one topic. */
export interface Combination {
  producer: ProducerName
  format: Format
  /** As the producer calls it, or `default`. */
  partitioner: string
  /** Each compresses an equal share of the messages, so each is read for the result. */
  codecs: readonly string[]
  result: Result
}

/** Every combination of a line, for all lines; the codecs of a line share a topic. */
export function combinations(): Combination[] {
  const table = /<!-- tried -->\n([^]*)<!-- \/tried -->/.exec(producerIndex)?.[1] ?? ''
  const [, , ...lines] = table.trim().split('\n')
  return lines.flatMap((line) => {
    const cells = line.split('|').slice(1, -1)
    assert.equal(cells.length, 5, line)
    const [producer, formats, codecs, partitioners, result] = cells.map((cell) => cell.trim())
    return formats.split(', ').flatMap((format) =>
      partitioners.split(', ').map((partitioner) => ({
        producer: oneOf(PRODUCERS, producer),
        format: oneOf(FORMATS, format),
        partitioner,
        codecs: codecs.split(', '),
        result: resultOf(result),
      })),
    )
  })
}

function oneOf<T extends string>(known: readonly T[], text: string): T {
  const found = known.find((one) => one === text)
  if (found === undefined) throw new Error(`"${text}", expected one of ${known.join(', ')}`)
  return found
}

function resultOf(text: string): Result {
  const same = /^same state, by `(\w+)`$/.exec(text)
  if (same !== null) return { kind: 'same', hash: same[1] }
  const unknown = /^same state; `--history` refused: "(.+)"$/.exec(text)
  if (unknown !== null) return { kind: 'same-unknown', refusal: unknown[1] }
  const split = /^subscribers in several partitions, .*"(.+)"$/.exec(text)
  if (split !== null) return { kind: 'split', refusal: split[1] }
  const rejected = /^rejected: "(.+)"$/.exec(text)
  if (rejected !== null) return { kind: 'rejected', detail: rejected[1] }
  throw new Error(`"${text}" is not a result`)
}
