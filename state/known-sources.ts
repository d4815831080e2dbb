// The sources of a state and how each was read, for the decision on others.
import type { KnownSource } from '../src/record/source-units.ts'
import type { SourcePosition } from './partition-metadata.ts'

/** The sources in the positions of each partition; one that was read further counts as such. */
export function knownSources(
  partitions: readonly Iterable<readonly [source: string, SourcePosition]>[],
): KnownSource[] {
  const known = new Map<string, KnownSource>()
  for (const positions of partitions) {
    for (const [id, position] of positions) {
      const { columns = '', next, rows, kind } = position
      if (kind === 'topic' || next <= (known.get(id)?.next ?? 0)) continue
      known.set(id, { id, columns, units: position, next, rows })
    }
  }
  return [...known.values()]
}
