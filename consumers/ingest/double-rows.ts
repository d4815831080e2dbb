// Refuses a second source whose rows may be in the state already: a file and a topic may hold the
// same rows, and only the cut-over of a history divides them.
import { PulseError } from '../../src/errors.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'

/** Positions of a partition, by source. */
export type Positions = Iterable<[source: string, position: SourcePosition]>

/** Sources of one kind of which rows were read, over all partitions. */
function readSources(partitions: Iterable<Positions>, kind: SourcePosition['kind']) {
  const found = new Map<string, SourcePosition>()
  for (const positions of partitions) {
    for (const [source, position] of positions) {
      const { next, first } = position
      if (position.kind === kind && next > first) found.set(source, position)
    }
  }
  return found
}

/**
 * Checks that files may be applied without a cut-over.
 *
 * @param cutoverMs the cut-over of the state, null for none
 * @throws PulseError `state-options` when the state reads a topic, or has the history of one
 */
export function requireNoTopic(partitions: Iterable<Positions>, cutoverMs: number | null): void {
  const topic = [...readSources(partitions, 'topic').values()].at(0)
  if (topic === undefined && cutoverMs === null) return
  const held =
    topic === undefined
      ? 'the state holds the history of a topic'
      : `the state holds rows of the topic "${topic.name}"`
  throw new PulseError(
    'state-options',
    `${held}, and the rows of these files may be in it twice; expected a state without a topic: ` +
      'replay the files into a new --state directory, or give files and topic to "run --history" ' +
      'together in a new one',
  )
}

/**
 * Checks that a topic may be read without a history, or after its history.
 *
 * @param cutoverMs the cut-over of the state, null for none
 * @throws PulseError `state-options` when the state holds files without a cut-over, or a history
 *   that was not applied to its end
 */
export function requireNoFiles(partitions: Iterable<Positions>, cutoverMs: number | null): void {
  const files = [...readSources(partitions, 'file').values()]
  if (cutoverMs === null && files.length > 0) throw holdsFiles(files[0].name)
  const incomplete = files.find(({ next, rows }) => next < rows)
  if (incomplete === undefined) return
  const { name, next, rows } = incomplete
  throw new PulseError(
    'state-options',
    `the state holds ${next} of ${rows} rows of the history file ${name}; expected all of them ` +
      'before the topic is read: give the same --history',
  )
}

/**
 * Checks that a history may be applied to a state without a cut-over: it holds no topic, and no
 * files but those of the history.
 *
 * @param history sources of the history
 * @param isAll false when the cut-over leaves rows of the history to the topic
 * @throws PulseError `state-options`
 */
export function requireNewHistory(
  partitions: readonly Positions[],
  history: ReadonlySet<string>,
  isAll: boolean,
): void {
  if (readSources(partitions, 'topic').size > 0) {
    throw new PulseError(
      'state-options',
      'the state reads a topic already, and rows of a history may be in it twice; expected a new ' +
        '--state directory: give the history and the topic to it together',
    )
  }
  for (const [source, { name }] of readSources(partitions, 'file')) {
    if (!isAll || !history.has(source)) throw holdsFiles(name)
  }
}

const holdsFiles = (name: string): PulseError =>
  new PulseError(
    'state-options',
    `the state holds rows of the file ${name} without a cut-over, and the rows of the topic may be ` +
      'in it twice; expected a new --state directory: give it the files with --history and the ' +
      'topic together',
  )
