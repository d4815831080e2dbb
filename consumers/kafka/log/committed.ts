// Compares the position of the state with the offset that the group has committed.
import { messageOf } from '../../../src/errors.ts'
import type { SourcePosition } from '../../../state/partition-metadata.ts'
import { placeOf } from './partition.ts'
import type { StartContext } from './start.ts'

/**
 * Reports a committed offset that is not the position of the state: it has no effect. Behind the
 * position, one of this project is usual: it is written after the commit.
 */
export async function checkCommitted(
  { topic, committedOf, warnings }: StartContext,
  number: number,
  position: SourcePosition,
): Promise<void> {
  const at = position.next
  try {
    const committed = await committedOf(number)
    if (committed === null || committed.offset === at) return
    const { offset, beginning } = committed
    const counts = `it has no effect: the position of the state, ${at}, counts`
    if (beginning === null) {
      warnings.warn(
        `${placeOf({ topic, number })}: the group's committed offset is ${offset}, set by another program or ` +
          `a former version; ${counts}; to read the partition again, use "xdr-pulse reread ` +
          `--partition ${number}"`,
      )
    } else if (offset > position.next) {
      warnings.info(
        `${placeOf({ topic, number })}: the group's committed offset is ${offset}, as after a restore, a ` +
          `reread, or a change by another program; ${counts}`,
      )
    }
  } catch (error) {
    warnings.error('metadata', messageOf(error))
  }
}
