// The loop of every source: it applies what the source delivers, and commits when that is due.
//
// A source is an async generator of deliveries. It is not resumed before its delivery is applied,
// so nothing changes under a delivery, and a source never runs ahead of the state.

/** What the loop does with the deliveries of type `D`. */
export interface IngestSteps<D> {
  /** Applies a delivery to the state in memory. A promise is waited for. */
  apply: (delivery: D) => unknown
  /** True when what was applied is to be committed now. */
  isDue: () => boolean
  /** Makes what was applied durable. A promise is waited for. */
  commit: () => unknown
}

/**
 * Applies deliveries until their source ends; on return all that was applied is durable.
 *
 * @param deliveries null where a source has nothing yet: what was applied before is committed if
 *   due
 */
export async function ingestAll<D>(
  deliveries: AsyncIterable<D | null>,
  { apply, isDue, commit }: IngestSteps<D>,
): Promise<void> {
  for await (const delivery of deliveries) {
    const applied = delivery === null ? null : apply(delivery)
    if (applied instanceof Promise) await applied
    const committed = isDue() ? commit() : null
    if (committed instanceof Promise) await committed
  }
  await commit()
}
