// How each producer of the table of docs/producers sends the sessions to its topics.
import avro from 'avsc'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { CompressionTypes, Partitioners } from 'kafkajs'
import { quietClient } from '../../scripts/kafka/client.ts'
import { findKafka } from '../../scripts/kafka/jars.ts'
import { runJava } from '../../scripts/kafka/node.ts'
import type { Compression } from '../../src/kafka/batch-writer.ts'
import { produceFiles } from '../../src/producer/run.ts'
import { AUTO_UNITS } from '../../src/record/source-units.ts'
import { wireHeader } from '../consumers/kafka/messages.ts'
import type { RegistryStandIn } from '../schema-registry.ts'
import { withDirectory } from '../state-directory.ts'
import type { Combination, Format, ProducerName } from './combinations.ts'
import { sendWithPython, type PythonSending } from './python.ts'
import { fileOfIndex, keyOf, lineOf, sessions, writeCsv, type Session } from './sessions.ts'

/** What is sent to a topic. */
export interface Sending extends Combination {
  topic: string
}

/** Where it is sent. */
export interface Target {
  brokers: string[]
  registry: RegistryStandIn
}

type Send = (sendings: readonly Sending[], target: Target) => Promise<unknown>

/** The schema of the examples. */
export const SESSION_SCHEMA = JSON.parse(fileOfIndex('session.avsc')) as avro.schema.RecordType
const JSON_SCHEMA = { title: 'Session', type: 'object' }
const PROTOBUF_SCHEMA = 'syntax = "proto3"; message Session { int64 a = 1; }'
const TYPE = avro.Type.forSchema(SESSION_SCHEMA)

const schemaOf = (format: Format): unknown =>
  format === 'JSON Schema frame'
    ? JSON_SCHEMA
    : format === 'Protobuf frame'
      ? PROTOBUF_SCHEMA
      : SESSION_SCHEMA

/** The values of the sessions, by avsc, for clients that send bytes. */
function encoderOf({ format, topic }: Sending, { registry }: Target): (one: Session) => Buffer {
  const framed = (type: string, body: (one: Session) => Buffer) => {
    const header = wireHeader(registry.register(`${topic}-value`, schemaOf(format), type))
    return (one: Session) => Buffer.concat([header, body(one)])
  }
  const json = (one: Session): Buffer => Buffer.from(lineOf(one))
  const binary = (one: Session): Buffer => TYPE.toBuffer(one)
  if (format === 'JSON') return json
  if (format === 'Avro') return binary
  if (format === 'Avro frame') return framed('AVRO', binary)
  if (format === 'JSON Schema frame') return framed('JSON', json)
  throw new Error(`${format} is not encoded here`)
}

/** The sessions that one codec compresses. */
const shareOf = (codecs: readonly string[], codec: string): Session[] =>
  sessions.filter((_, at) => codecs[at % codecs.length] === codec)

const withPython =
  (client: PythonSending['client']): Send =>
  (sendings, { brokers, registry }) =>
    sendWithPython({
      ...{ brokers, registry: registry.url, rows: sessions },
      sendings: sendings.map(({ topic, format, partitioner, codecs }) => ({
        ...{ client, topic, format, partitioner, codecs, schema: schemaOf(format) },
      })),
    })

const withKcat: Send = (sendings, { brokers }) => {
  for (const { topic, codecs, partitioner } of sendings) {
    for (const codec of codecs) {
      const lines = shareOf(codecs, codec).map((one) => {
        const key = keyOf(one)
        return key === null ? `${lineOf(one)}\n` : `${key}\t${lineOf(one)}\n`
      })
      const given = partitioner === 'default' ? [] : ['-X', `partitioner=${partitioner}`]
      const argv = ['-P', '-b', brokers.join(','), '-t', topic, '-K', '\t', '-z', codec, ...given]
      const { status, error, stderr } = spawnSync('kcat', argv, {
        input: lines.join(''),
        encoding: 'utf8',
      })
      assert.equal(status, 0, error?.message ?? stderr)
    }
  }
  return Promise.resolve()
}

const OF_KAFKAJS = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP }

const withKafkajs: Send = async (sendings, target) => {
  const client = quietClient({ brokers: target.brokers, retry: { retries: 8 } })
  for (const sending of sendings) {
    const { topic, codecs, partitioner } = sending
    const encode = encoderOf(sending, target)
    const given = partitioner as 'default' | keyof typeof Partitioners
    const producer = client.producer(
      given === 'default' ? {} : { createPartitioner: Partitioners[given] },
    )
    await producer.connect()
    for (const codec of codecs) {
      const share = shareOf(codecs, codec)
      const messages = share.map((one) => ({ key: keyOf(one), value: encode(one) }))
      const compression = OF_KAFKAJS[codec as keyof typeof OF_KAFKAJS]
      await producer.send({ topic, compression, messages })
    }
    await producer.disconnect()
  }
}

const withJava: Send = async (sendings, target) => {
  const lines = sendings.flatMap((sending) => {
    const { topic, codecs, partitioner } = sending
    const encode = encoderOf(sending, target)
    return sessions.map((one, at) => {
      const value = encode(one).toString('base64')
      return `${[topic, codecs[at % codecs.length], partitioner, keyOf(one), value].join('\t')}\n`
    })
  })
  const program = join(import.meta.dirname, 'Produce.java')
  await runJava(findKafka(), [program, target.brokers.join(',')], lines.join(''))
}

const withProduce: Send = (sendings, { brokers, registry: { url } }) =>
  withDirectory(async (directory) => {
    const connection = { brokers, clientId: 'test', tls: null, sasl: null }
    for (const { topic, format, codecs } of sendings) {
      const files = await writeCsv(directory, codecs.length)
      let sent = 0
      for (const [at, compression] of codecs.entries()) {
        const produced = await produceFiles(
          {
            ...{ files: [files[at]], connection, topic, partitions: null, create: false },
            ...{ format: format === 'JSON' ? 'json' : 'avro', speed: null, fromRow: null },
            ...{ registry: format === 'Avro frame' ? { url, credentials: null } : null },
            ...{ compression: compression as Compression, shiftTo: null },
            ...{ units: AUTO_UNITS, timeZone: 'UTC' },
          },
          { onProgress: () => undefined, onNote: () => undefined, onTrouble: () => undefined },
        ).ended
        sent += produced.sent
      }
      assert.equal(sent, sessions.length)
    }
  })

/** How each producer sends. */
export const SENDERS: Readonly<Record<ProducerName, Send>> = {
  'confluent-kafka': withPython('confluent-kafka'),
  'kafka-python': withPython('kafka-python'),
  kcat: withKcat,
  kafkajs: withKafkajs,
  Java: withJava,
  '`xdr-pulse produce`': withProduce,
}
