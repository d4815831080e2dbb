// Sends rows with the clients and encoders of Python, in one process for any number of topics.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { PYTHON } from './tools.ts'

/** It ends within seconds. */
const WITHIN_MS = 240_000

const SCRIPT = join(import.meta.dirname, 'produce.py')

/** How the rows are sent to a topic. */
export interface PythonSending {
  topic: string
  client: 'confluent-kafka' | 'kafka-python'
  format: 'JSON' | 'Avro' | 'Avro frame' | 'Avro header' | 'JSON Schema frame' | 'Protobuf frame'
  schema: unknown
  references?: readonly (readonly [name: string, subject: string, version: number])[]
  /** As the client calls it, or `default`. */
  partitioner: string
  /** Each compresses an equal share of the rows. */
  codecs: readonly string[]
}

/** What all sendings have in common. */
export interface PythonRequest {
  brokers: readonly string[]
  registry: string | null
  rows: readonly object[]
  sendings: readonly PythonSending[]
}

/** Sends the rows, and waits until the brokers have them. */
export async function sendWithPython(request: PythonRequest): Promise<void> {
  const child = spawn(PYTHON, [SCRIPT], {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: WITHIN_MS,
  })
  const errors = text(child.stderr)
  child.stdin.on('error', () => undefined).end(JSON.stringify(request))
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 0, `null for more than ${WITHIN_MS} ms: ${await errors}`)
}
