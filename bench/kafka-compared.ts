// Kafka Streams beside us: in turn with our own runs, held to our numbers, printed as a table.
import assert from 'node:assert/strict'
import { COST_HEADING, costCells, cpuOf, loadText } from './cost-table.ts'
import { CONFIGURATIONS, runPeer, whyNoPeer, type PeerInput, type PeerPass } from './kafka-peer.ts'
import type { Reference } from './kafka-reference.ts'
import type { BenchOptions } from './options.ts'
import { printTable } from './table.ts'

export interface ComparedPeer {
  /** Every configuration once. */
  round(): Promise<void>
  /** Prints what the rounds so far cost, beside our own CPU seconds; or why there were none. */
  print(command: string, ourCpuSeconds: number): void
}

/** A peer of which nothing was run yet. */
export function comparedPeer(
  input: Omit<PeerInput, 'look' | 'durationFactor'> & { reference: Reference },
  wanted: BenchOptions['peer'],
): ComparedPeer {
  const { reference, records } = input
  const { durationFactor, rows, subscribers } = reference
  const missing = wanted === 'none' ? 'Kafka Streams: left out, not asked for' : whyNoPeer()
  const chosen = CONFIGURATIONS.slice(0, missing !== null ? 0 : wanted === 'best' ? 1 : undefined)
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
    print(command, ourCpuSeconds) {
      if (missing !== null) return void process.stdout.write(`${missing}\n\n`)
      const lines = [...found].map(([name, passes]) => {
        const times = (cpuOf(passes) / ourCpuSeconds).toFixed(1)
        return [name, ...costCells(records, passes), times]
      })
      printTable(
        command,
        [['Kafka Streams 4.3.1', ...COST_HEADING, 'times our CPU'], ...lines],
        [
          `The same 21 numbers of ${subscribers} subscribers, compared for ${rows.size} of them.`,
          `It keeps no hours and takes no snapshots; we do both. ${loadText()}`,
        ],
      )
    },
  }
}

/** A peer that computes something else would be none. */
function assertSame({ subscribers, rows = {} }: PeerPass, reference: Reference): void {
  assert.equal(subscribers, reference.subscribers)
  for (const [msisdn, row] of reference.rows) assert.deepEqual(rows[String(msisdn)], row)
}
