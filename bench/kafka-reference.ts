// What our own state says of some subscribers, for the peer to be held against.
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { withView } from '../state/read.ts'

/** Subscribers whose numbers are compared. */
const LOOKED_AT = 500

export interface Reference {
  subscribers: number
  /** Milliseconds in the unit that the topic's durations have. */
  durationFactor: number
  /** The 21 numbers of every so-manieth subscriber, by MSISDN. */
  rows: Map<number, number[]>
}

/** Reads it from a state that nobody writes any more. */
export const readReference = (state: string): Promise<Reference> =>
  withView(state, (view) => {
    const { subscribers } = view.counters
    const every = Math.max(1, Math.floor(subscribers / LOOKED_AT))
    const rows: Reference['rows'] = new Map()
    let seen = 0
    view.scan((block, count) => {
      for (let at = 0; at < count * WIDTH; at += WIDTH) {
        const row = block.subarray(at, at + WIDTH)
        if (seen++ % every === 0) rows.set(row[FIELD.msisdn], [...row.subarray(1)])
      }
    })
    const inSeconds = view.positions[0].position.durationUnit === 's'
    return { subscribers, durationFactor: inSeconds ? 1000 : 1, rows }
  })
