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
import { pulse, withPulse } from './command.ts'
import { assertUnion, makeSample } from './kafka-durable.ts'

/** Users of the plain listener, and the brokers themselves, may do everything; others nothing. */
const AUTHORIZER = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
}

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
const TYPES = { Topic: AclResourceTypes.TOPIC, Group: AclResourceTypes.GROUP }
const OPERATIONS = {
  READ: AclOperationTypes.READ,
  WRITE: AclOperationTypes.WRITE,
  CREATE: AclOperationTypes.CREATE,
  DESCRIBE: AclOperationTypes.DESCRIBE,
}

/** Grants the user an ACL, written `Topic READ name`. */
async function grant(bootstrap: string[], acl: string): Promise<void> {
  const [type, operation, name] = acl.split(' ')
  const admin = quietClient({ brokers: bootstrap }).admin()
  await admin.connect()
  try {
    await admin.createAcls({
      acl: [
        {
          resourceType: TYPES[type as keyof typeof TYPES],
          resourceName: name,
          resourcePatternType: ResourcePatternTypes.LITERAL,
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

/** The sentence of a missing ACL; as a part of a line of JSON its quotes are escaped. */
const lacks = (acl: string): RegExp => {
  const [type, operation, name] = acl.split(' ')
  const quoted = `\\\\?"${name}\\\\?"`
  const [kind, error] = [type.toLowerCase(), `${type.toUpperCase()}_AUTHORIZATION_FAILED`]
  return new RegExp(
    `do not allow this user to ${operation} the ${kind} ${quoted} \\(${error}\\); expected the ` +
      `ACL ${type} ${operation} on ${quoted}; grant it: kafka-acls .*--operation \\w+ --${kind} ${name}`,
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

      await denied(produce('acl'), 'Topic WRITE acl')
      await denied(produce('other', '--create-topic'), 'Topic WRITE other')
      await grant(bootstrap, 'Topic DESCRIBE other')
      await denied(produce('other', '--create-topic'), 'Topic CREATE other')
      await grant(bootstrap, 'Topic WRITE acl')
      assert.equal((await produce('acl')).code, 0)
      // The second run reads the topic to find what it holds.
      await denied(produce('acl'), 'Topic READ acl')

      await denied(pulse(run), 'Group READ readers')
      await grant(bootstrap, 'Group READ readers')
      await withPulse(run, async (running) => {
        await running.prints(lacks('Topic READ acl'))
        // Nothing is restarted: the run continues when the ACL is there.
        await grant(bootstrap, 'Topic READ acl')
        const { code, stderr } = await running.ended
        assert.equal(code, 0, stderr)
      })
      await assertUnion([state], sample)
      assert.equal((await produce('acl')).code, 0)

      const letters = ['--dead-letter-topic', 'letters', '--rejected-limit', '1']
      await pulse(['produce', dirty, '--topic', 'acl', '--kafka', bootstrap[0]])
      const careful = run.filter((word) => word !== '--until-caught-up')
      await withPulse([...careful, ...letters], async (running) => {
        await running.prints(lacks('Topic WRITE letters'))
        await grant(bootstrap, 'Topic WRITE letters')
        running.process.kill('SIGTERM')
        await running.ended
      })
    }),
  ),
)
