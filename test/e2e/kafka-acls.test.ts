// A right that is missing is named as an ACL, and the documented ACLs are enough.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import kafkajs from 'kafkajs'
import { quietClient } from '../../scripts/kafka/client.ts'
import { needsKafka, USER, withCluster } from '../broker.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'
import { pulse, withPulse } from './command.ts'
import { assertUnion, makeSample } from './kafka-durable.ts'

/** Users of the plain listener, and the brokers themselves, may do everything; others nothing. */
const AUTHORIZER = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
}

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
const TYPES = {
  Topic: AclResourceTypes.TOPIC,
  Group: AclResourceTypes.GROUP,
  TransactionalId: AclResourceTypes.TRANSACTIONAL_ID,
}
const OPERATIONS = {
  READ: AclOperationTypes.READ,
  WRITE: AclOperationTypes.WRITE,
  CREATE: AclOperationTypes.CREATE,
  DESCRIBE: AclOperationTypes.DESCRIBE,
}

/** Grants the user an ACL, written `Topic READ name`, or `Group READ name*` for a prefix. */
async function grant(bootstrap: string[], acl: string): Promise<void> {
  const [type, operation, name] = acl.split(' ')
  const admin = quietClient({ brokers: bootstrap }).admin()
  await admin.connect()
  try {
    await admin.createAcls({
      acl: [
        {
          resourceType: TYPES[type as keyof typeof TYPES],
          resourceName: name.replace('*', ''),
          resourcePatternType: name.endsWith('*')
            ? ResourcePatternTypes.PREFIXED
            : ResourcePatternTypes.LITERAL,
          principal: `User:${USER.name}`,
          host: '*',
          operation: OPERATIONS[operation as keyof typeof OPERATIONS],
          permissionType: AclPermissionTypes.ALLOW,
        },
      ],
    })
  } finally {
    await admin.disconnect()
  }
}

/** How kinds of resources are spelt: in a sentence, in errors of Kafka, as flags of its tool. */
const SPELT = {
  Topic: ['topic', 'TOPIC', 'topic'],
  Group: ['group', 'GROUP', 'group'],
  TransactionalId: ['transactional id', 'TRANSACTIONAL_ID', 'transactional-id'],
} as const

/** The sentence of a missing ACL; as a part of a line of JSON its quotes are escaped. */
const lacks = (acl: string, inTable = false): RegExp => {
  const [type, operation, pattern] = acl.split(' ')
  const name = pattern.replace('*', '').replaceAll('.', '\\.')
  const quoted = `\\\\?"${name}\\\\?"${pattern.endsWith('*') ? ' \\(prefixed\\)' : ''}`
  const [kind, error, flag] = SPELT[type as keyof typeof SPELT]
  return new RegExp(
    `do not allow this user to ${operation} the ${kind} ${quoted} ` +
      `\\(${error}_AUTHORIZATION_FAILED\\); expected the ACL ${type} ${operation} on ${quoted}${inTable ? ' +' : '; '}` +
      `grant it: kafka-acls .*--operation \\w+ --${flag} ${name}` +
      (pattern.endsWith('*') ? ' --resource-pattern-type prefixed' : ''),
  )
}

test('each missing ACL is named, and the documented ones are enough', needsKafka(), () =>
  withCluster({ scram: true, properties: AUTHORIZER }, (cluster) =>
    withDirectory(async (directory) => {
      const { bootstrap, createTopic } = cluster
      const sample = await makeSample(directory, 1, { rows: 1000, subscribers: 100 })
      const dirty = await sampleIn(directory, { rows: 500, subscribers: 50, dirt: 0.9, seed: 12 })
      await createTopic('acl', { partitions: 1 })
      await createTopic('letters', { partitions: 1 })
      const { brokers } = await cluster.connection('sasl')
      const secret = join(directory, 'secret')
      await writeFile(secret, USER.password)
      const login = [
        ...['--kafka', brokers[0], '--sasl-mechanism', 'SCRAM-SHA-512'],
        ...['--sasl-username', USER.name, '--sasl-secret-file', secret],
      ]
      const produce = (topic: string, ...more: string[]) =>
        pulse(['produce', sample.path, '--topic', topic, ...login, ...more])
      const state = join(directory, 'state')
      const run = [
        ...['run', '--topic', 'acl', '--group', 'readers', ...login, '--state', state],
        ...['--port', '0', '--until-caught-up'],
      ]
      const denied = async (ended: ReturnType<typeof pulse>, acl: string): Promise<void> => {
        const { code, stderr } = await ended
        assert.match(stderr, lacks(acl))
        assert.equal(code, 1, stderr)
      }

      await denied(produce('other', '--create-topic'), 'Topic WRITE other')
      await grant(bootstrap, 'Topic DESCRIBE other')
      await denied(produce('other', '--create-topic'), 'Topic CREATE other')
      // Its progress is an offset of a group, committed in its transactions.
      const names = 'xdr-pulse-produce.acl.*'
      for (const right of [
        'Topic WRITE acl',
        `TransactionalId WRITE ${names}`,
        `Group READ ${names}`,
      ]) {
        await denied(produce('acl'), right)
        await grant(bootstrap, right)
      }
      await denied(produce('acl'), 'Topic READ acl')

      const examined = await pulse([
        ...['doctor', '--topic', 'acl', '--group', 'readers', ...login, '--state', state],
        ...['--dead-letter-topic', 'acl'],
      ])
      assert.match(examined.stdout, lacks('Topic READ acl', true))
      assert.match(examined.stdout, lacks('Group READ readers', true))
      assert.match(examined.stdout, /right Topic WRITE +ok +granted on "acl"/)
      assert.equal(examined.code, 1)
      await denied(pulse(run), 'Group READ readers')
      await grant(bootstrap, 'Group READ readers')
      // With --until-caught-up nobody grants it meanwhile: the run ends.
      await denied(pulse(run), 'Topic READ acl')
      const careful = run.filter((word) => word !== '--until-caught-up')
      await withPulse(careful, async (running) => {
        const [, url] = await running.prints(/at (http:\S+?)["\s]/)
        await running.prints(lacks('Topic READ acl'))
        const answer = async () => {
          const reply = await fetch(`${url}/readyz`)
          return { status: reply.status, text: await reply.text() }
        }
        await until('the ACL in /readyz', async () =>
          lacks('Topic READ acl').test((await answer()).text),
        )
        assert.equal((await answer()).status, 503)
        // Nothing is restarted: the run continues when the ACL is there.
        await grant(bootstrap, 'Topic READ acl')
        await until('readiness', async () => (await answer()).status === 200)
        running.process.kill('SIGTERM')
        await running.ended
      })
      assert.equal((await produce('acl')).code, 0)
      const { code, stderr } = await pulse(run)
      assert.equal(code, 0, stderr)
      await assertUnion([state], sample)

      const letters = ['--dead-letter-topic', 'letters', '--rejected-limit', '1']
      await pulse(['produce', dirty, '--topic', 'acl', '--kafka', bootstrap[0]])
      await withPulse([...careful, ...letters], async (running) => {
        await running.prints(lacks('Topic WRITE letters'))
        await grant(bootstrap, 'Topic WRITE letters')
        running.process.kill('SIGTERM')
        await running.ended
      })
    }),
  ),
)
