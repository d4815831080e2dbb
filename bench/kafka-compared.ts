// The comparison with Kafka Streams: it runs in turn with the consumer, on the same topic, and its
// result must equal the consumer's.
import assert from 'node:assert/strict'
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { withView } from '../state/read.ts'
import { whyNotJava } from './java-peer.ts'
import { CONFIGURATIONS, runPeer, STREAMS, type PeerInput, type PeerPass } from './kafka-peer.ts'
import type { BenchOptions } from './options.ts'
import { COST_HEADING, costCells, cpuOf, loadText, printTable } from './table.ts'

/** Number of subscribers whose rows are compared. */
const COMPARED = 500

/** The result that the peer must reproduce. */
export interface Reference {
  subscribers: number
  /** The 21 numbers of all subscribers: sums, the first start and the last end. */
  totals: number[]
  /** Milliseconds per unit of the topic's durations. */
  durationFactor: number
  /** The 21 numbers of about COMPARED subscribers, by MSISDN. */
  rows: Map<number, number[]>
}

/** Reads the reference from a state directory that is no longer written. */
export const readReference = (state: string): Promise<Reference> =>
  withView(state, (view) => {
    const { subscribers } = view.counters
    const step = Math.max(1, Math.floor(subscribers / COMPARED))
    const rows: Reference['rows'] = new Map()
    const totals = new Array<number>(WIDTH).fill(0)
    let seen = 0
    view.scan((block, count) => {
      for (let at = 0; at < count * WIDTH; at += WIDTH) {
        const row = block.subarray(at, at + WIDTH)
        addTotals(totals, row)
        if (seen++ % step === 0) rows.set(row[FIELD.msisdn], [...row.subarray(1)])
      }
    })
    const inSeconds = view.positions[0].position.durationUnit === 's'
    const durationFactor = inSeconds ? 1000 : 1
    return { subscribers, totals: totals.slice(1), durationFactor, rows }
  })

function addTotals(totals: number[], row: Float64Array): void {
  for (let field = 1; field < FIELD.firstStartMs; field++) totals[field] += row[field]
  const first = [totals[FIELD.firstStartMs], row[FIELD.firstStartMs]].filter((ms) => ms > 0)
  totals[FIELD.firstStartMs] = first.length === 0 ? 0 : Math.min(...first)
  totals[FIELD.lastEndMs] = Math.max(totals[FIELD.lastEndMs], row[FIELD.lastEndMs])
}

/** Kafka Streams in all chosen configurations. */
export interface ComparedPeer {
  /** Runs every configuration once. */
  round(): Promise<void>
  /** Prints the cost of all rounds relative to `baseCpuSeconds`, or why there were none. */
  print(command: string, baseCpuSeconds: number): void
}

/** A peer before its first round. */
export function comparedPeer(
  input: Omit<PeerInput, 'look' | 'durationFactor'> & { reference: Reference },
  wanted: BenchOptions['peer'],
): ComparedPeer {
  const { reference, records } = input
  const { durationFactor, rows, subscribers } = reference
  const missing = whyNotJava(STREAMS, wanted)
  const chosen = CONFIGURATIONS.slice(0, missing !== null ? 0 : wanted === 'all' ? undefined : 1)
  const found = new Map<string, PeerPass[]>()
  return {
    async round() {
      for (const one of chosen) {
        const passes = await runPeer(one, { ...input, durationFactor, look: [...rows.keys()] })
        assertSame(passes[passes.length - 1], reference)
        const name = `${one.guarantee}, cache ${one.cache}`
        for (const [at, pass] of passes.entries()) {
          const warmth = `${name}, ${at === 0 ? 'from start' : 'warmed up'}`
          found.set(warmth, [...(found.get(warmth) ?? []), pass])
        }
      }
    },
    print(command, baseCpuSeconds) {
      if (missing !== null) return void process.stdout.write(`Kafka Streams: ${missing}\n\n`)
      const lines = [...found].map(([name, passes]) => {
        const times = (cpuOf(passes) / baseCpuSeconds).toFixed(1)
        return [name, ...costCells(records, passes), times]
      })
      printTable(
        command,
        [['Kafka Streams 4.3.1', ...COST_HEADING, 'times CPU of run'], ...lines],
        [
          `The same 21 numbers of ${subscribers} subscribers, compared for ${rows.size} of them.`,
          `Unlike run, it computes no hours and no snapshots. ${loadText()}`,
        ],
      )
    },
  }
}

/** A peer that computes something else would not be comparable. */
function assertSame({ subscribers, rows = {} }: PeerPass, reference: Reference): void {
  assert.equal(subscribers, reference.subscribers)
  for (const [msisdn, row] of reference.rows) assert.deepEqual(rows[String(msisdn)], row)
}
