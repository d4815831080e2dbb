// The pages of docs/producers: each program fills a topic, and each command reads it.
//
// A block `LANGUAGE FILE` is a file of the page, a block `sh run` is what the page runs.
import assert from 'node:assert/strict'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { before, describe, test } from 'node:test'
import { KAFKA_HOME } from '../../scripts/kafka/jars.ts'
import { uniqueName } from '../broker-operations.ts'
import { start } from '../e2e/command.ts'
import { withRegistryStandIn } from '../schema-registry.ts'
import { sharedBroker } from '../shared-broker.ts'
import { ROOT } from '../source-tree.ts'
import { readBack, withDirectory } from '../state-directory.ts'
import { fileOfIndex, hashOfReplay, lineOf, producerPages } from './sessions.ts'
import { RECORDS, REJECTED, sessions, type Session } from './sessions.ts'
import { needs, PYTHON_BIN, whyNoCompiler, whyNoKcat, whyNoPython } from './tools.ts'

const CLI = join(ROOT, 'src', 'cli.ts')

/** What each page needs. */
const NEEDED: Readonly<Record<string, () => string | null>> = {
  'confluent-kafka-python.md': whyNoPython,
  'fastavro.md': whyNoPython,
  'java.md': whyNoCompiler,
  'kafkajs.md': () => null,
  'kcat.md': whyNoKcat,
}

/** Writes what a page and the index show, the sessions, and `xdr-pulse` as a program. */
async function prepare(directory: string, page: string): Promise<string> {
  for (const { info, text } of producerPages.get(page)!) {
    const [, name] = info.split(' ')
    if (name.includes('.')) await writeFile(join(directory, name), text)
  }
  await writeFile(join(directory, 'session.avsc'), fileOfIndex('session.avsc'))
  await writeFile(
    join(directory, 'sessions.jsonl'),
    sessions.map((one) => `${lineOf(one)}\n`),
  )
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  const bin = join(directory, 'bin')
  await mkdir(bin)
  const program = join(bin, 'xdr-pulse')
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`)
  await chmod(program, 0o755)
  return [bin, PYTHON_BIN, dirname(process.execPath), process.env['PATH']].join(':')
}

test('each page is run', () => {
  assert.deepEqual([...producerPages.keys()].sort(), Object.keys(NEEDED))
})

test('the sessions that the index shows have the fields of its schema', () => {
  const { fields } = JSON.parse(fileOfIndex('session.avsc')) as { fields: { name: string }[] }
  const shown = fileOfIndex('sessions.jsonl').trim().split('\n')
  for (const session of [...shown.map((line) => JSON.parse(line) as Session), ...sessions]) {
    assert.deepEqual(
      Object.keys(session),
      fields.map(({ name }) => name),
    )
  }
})

describe('the page', () => {
  let expected = ''
  before(async () => {
    expected = await hashOfReplay()
  })

  for (const [page, why] of Object.entries(NEEDED)) {
    test(
      `${page}: its program fills a topic, and its command gives the state of a file`,
      needs(why),
      () =>
        withDirectory((directory) =>
          withRegistryStandIn({}, async ({ url }) => {
            const broker = await sharedBroker()
            const topic = uniqueName('page')
            await broker.createTopic(topic, { partitions: 3 })
            const path = await prepare(directory, page)
            const script = producerPages.get(page)!.filter(({ info }) => info === 'sh run')
            assert.equal(script.length, 1)
            const env = {
              ...{ PATH: path, KAFKA_HOME, SCHEMA_REGISTRY: url, TOPIC: topic },
              ...{ KAFKA_BROKERS: broker.bootstrap.join(',') },
              ...{ XDR_PULSE_PORT: '0', XDR_PULSE_GROUP: topic },
            }
            const argv = ['-euo', 'pipefail', '-c', script[0].text]
            const { code, stdout, stderr } = await start('bash', argv, { cwd: directory, env })
              .ended
            assert.equal(code, 0, stdout + stderr)
            const found = await readBack(join(directory, 'data', 'live'))
            assert.deepEqual([found.applied, found.rejected], [RECORDS, REJECTED])
            assert.equal(found.hash, expected)
            await broker.deleteTopic(topic)
          }),
        ),
    )
  }
})
