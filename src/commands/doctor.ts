// `doctor`: checks brokers, topic, rights, keys, registry, clock, disk and state before a run.
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ok, type Check } from '../../consumers/kafka/checks/check.ts'
import type { CheckedTopic } from '../../consumers/kafka/checks/cluster.ts'
import { checkTopics, type CheckedTopics } from '../../consumers/kafka/checks/topics.ts'
import { createFormat, type MessageFormat } from '../../consumers/kafka/log/message-format.ts'
import { readPartitionCounts, violationsOf } from '../../state/conservation.ts'
import type { PartitionCounts } from '../../state/conservation.ts'
import { openStateToRead } from '../../state/read.ts'
import { volumeFreeBytes } from '../../state/store.ts'
import { hasState } from '../../state/writer.ts'
import { messageOf, PulseError, rootMessageOf } from '../errors.ts'
import { readAddress, type RegistryOptions } from '../kafka/registry-address.ts'
import { createRegistry } from '../kafka/schema-registry.ts'
import type { DOCTOR_OPTIONS, ValuesOf } from '../options.ts'
import { recordTypes } from '../option-values.ts'
import { checkOutputDirectory } from '../output-path.ts'
import { connectionOf, registryOf, schemaOf } from '../process/kafka-connection.ts'
import { columnsOf } from '../record/source-units.ts'
import { bytesText } from '../snapshot/units.ts'
import { print, tableText } from '../terminal/table.ts'

type DoctorValues = ValuesOf<typeof DOCTOR_OPTIONS>

const REQUEST_MS = 10_000
/** The alert on a filling volume begins here, too. */
const LITTLE_SPACE_BYTES = 1e9

/**
 * Prints one line per check, with what to do.
 *
 * @throws PulseError `runtime` after printing, when a check has failed
 */
export async function doctor(values: DoctorValues): Promise<void> {
  const registry = registryOf(values)
  const registered = registry === null ? null : await registryCheck(registry)
  const cluster = await clusterChecks(values, registry, registered)
  const checks = [
    ...cluster.checks,
    ...(registered === null ? [] : [registered]),
    ...diskChecks(values.state),
    ...(await stateChecks(values, cluster.topics)),
  ]
  print(values, { checks }, () =>
    tableText([
      ['check', 'result', 'found', 'what to do'],
      ...checks.map(({ check, result, found, advice }) => [check, result, found, advice ?? '']),
    ]),
  )
  const failed = checks.filter(({ result }) => result === 'failed')
  if (failed.length === 0) return
  throw new PulseError(
    'runtime',
    `${failed.length} of ${checks.length} checks failed (${failed.map(({ check }) => check).join(', ')}); ` +
      'expected none: the last column has what to do',
  )
}

async function clusterChecks(
  values: DoctorValues,
  registry: RegistryOptions | null,
  registered: Check | null,
): Promise<CheckedTopics> {
  const { topic: topics, group, deadLetterTopic, format: name, timeZone } = values
  const readsRegistry = registry !== null && registered?.result === 'ok'
  const opened = readsRegistry ? createRegistry(registry, () => undefined) : null
  const schema = schemaOf(values)
  const format: MessageFormat | null =
    registry !== null && opened === null
      ? null
      : createFormat({
          format: name,
          registry: opened,
          schema,
          timeZone,
          source: columnsOf({ mapped: values.map, ...recordTypes(values) }),
          onSchema: () => undefined,
        })
  try {
    const connection = connectionOf(values)
    const letters = deadLetterTopic === '' ? null : deadLetterTopic
    const to = { connection, topics, group, deadLetterTopic: letters, format }
    return await checkTopics({ ...to, hasState: hasState(values.state) })
  } finally {
    opened?.close()
  }
}

async function registryCheck(options: RegistryOptions): Promise<Check> {
  const check = 'schema registry'
  const { base, ask } = readAddress(options)
  const failed = (found: string, advice: string): Check => ({
    check,
    result: 'failed',
    found,
    advice,
  })
  try {
    const answer = await ask('/subjects', AbortSignal.timeout(REQUEST_MS))
    if (answer.ok) return ok(check, `${base} answers`)
    const isDenied = answer.status === 401 || answer.status === 403
    const advice = isDenied
      ? 'check --registry-secret-file or --registry-token-file'
      : 'check the path in --registry'
    return failed(`${base} answers with status ${answer.status}`, advice)
  } catch (error) {
    const advice = 'check the address in --registry, and that the registry runs'
    return failed(`${base} cannot be reached (${rootMessageOf(error)})`, advice)
  }
}

function diskChecks(state: string): Check[] {
  const check = 'disk'
  try {
    // The state directory itself is made by the first writer.
    const directory = nearest(resolve(state))
    checkOutputDirectory('--state', directory)
    const free = volumeFreeBytes(directory)
    const found = `${bytesText(free)} are free for ${state}`
    if (free >= LITTLE_SPACE_BYTES) return [ok(check, found)]
    return [{ check, result: 'warning', found, advice: 'free space, or use a larger volume' }]
  } catch (error) {
    return [failedBy(check, error)]
  }
}

const nearest = (path: string): string => (existsSync(path) ? path : nearest(dirname(path)))

/** An error of this project has found, expected and what to do in one sentence. */
function failedBy(check: string, error: unknown): Check {
  const [found, ...advice] = messageOf(error).split('; ')
  return { check, result: 'failed', found, advice: advice.join('; ') || null }
}

async function stateChecks(
  { state: directory }: DoctorValues,
  topics: readonly CheckedTopic[],
): Promise<Check[]> {
  if (!hasState(directory)) return [ok('state', `${directory} holds no state yet`)]
  try {
    const state = openStateToRead(directory)
    try {
      const partitions = readPartitionCounts(state)
      const violations = violationsOf(partitions)
      if (violations.length > 0) {
        const advice = 'restore a backup, or read its sources into a new directory'
        return [{ check: 'state', result: 'failed', found: violations.join('; '), advice }]
      }
      const applied = partitions.reduce((sum, { counters }) => sum + counters.applied, 0)
      const found = `${applied.toLocaleString('en-US')} rows applied, its numbers are consistent`
      return [ok('state', found), ...topics.map((topic) => positionsCheck(partitions, topic))]
    } finally {
      await state.close()
    }
  } catch (error) {
    return [failedBy('state', error)]
  }
}

/** Whether the log of a topic has everything that a state has not read yet. */
function positionsCheck(
  partitions: readonly Pick<PartitionCounts, 'partition' | 'positions'>[],
  { topic, source, starts }: CheckedTopic,
): Check {
  const check = 'positions'
  const gaps = partitions.flatMap(({ partition, positions }) =>
    positions
      .filter(([id, { next }]) => id === source && next < starts[partition])
      .map(([, { next }]) => `partition ${partition}: ${next} to ${starts[partition] - 1}`),
  )
  const isOther = partitions.some(({ positions }) =>
    positions.some(([id, { kind, name }]) => kind === 'topic' && name === topic && id !== source),
  )
  if (isOther) {
    const found = `the state has read another topic "${topic}", which was deleted and recreated`
    return { check, result: 'failed', found, advice: 'decide with --on-gap, or use a new --state' }
  }
  if (gaps.length === 0) {
    return ok(check, `the log of "${topic}" has everything from the positions on`)
  }
  const found = `offsets of "${topic}" were deleted before they were read: ${gaps.join(', ')}`
  return { check, result: 'failed', found, advice: 'decide with --on-gap earliest or latest' }
}
