// The sources of a state and how each was read, for the decision on others.
import { PulseError } from '../src/errors.ts'
import type { KnownSource } from '../src/record/source-units.ts'
import type { SourcePosition } from './partition-metadata.ts'
import { withView } from './read.ts'
import { hasState } from './writer.ts'

/** The sources in the positions of each partition; one that was read further counts as such. */
export function knownIn(
  partitions: readonly Iterable<readonly [source: string, SourcePosition]>[],
): KnownSource[] {
  const known = new Map<string, KnownSource>()
  for (const positions of partitions) {
    for (const [id, position] of positions) {
      const { columns = '', durationUnit, evidence, next, rows, kind } = position
      if (kind === 'topic' || next <= (known.get(id)?.next ?? 0)) continue
      known.set(id, { id, columns, units: { durationUnit }, evidence, next, rows })
    }
  }
  return [...known.values()]
}

/** The sources of the state in a directory; none without a state. */
export async function knownSources(directory: string): Promise<KnownSource[]> {
  if (!hasState(directory)) return []
  try {
    return await withView(directory, ({ positions }) =>
      knownIn([positions.map(({ source, position }) => [source, position] as const)]),
    )
  } catch (error) {
    // A writer that stopped before its first commit left no source.
    if (error instanceof PulseError && error.code === 'state-missing') return []
    throw error
  }
}
