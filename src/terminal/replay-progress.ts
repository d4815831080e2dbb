// The progress of a replay on a terminal.
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import { createThroughputMeter } from '../serve/health/throughput.ts'
import { durationText } from '../snapshot/units.ts'
import { createProgress } from './progress.ts'

/** Shows the progress of a replay: rows, rows per second, time left, and the event time reached. */
export async function replayDisplay(): Promise<{
  show(progress: IngestProgress): void
  end(): void
}> {
  const display = await createProgress('replay')
  const meter = createThroughputMeter()
  return {
    show(progress) {
      const now = Date.now()
      meter.note(now, progress)
      const { rowsPerSecond, etaSeconds } = meter.read(now)
      const left = etaSeconds === null ? '' : `, ${durationText(etaSeconds * 1000)} left`
      const time = progress.eventTimeMs
      const event = time === null ? '' : `, ${new Date(time).toISOString().slice(0, 16)}`
      const rate = Math.round(rowsPerSecond).toLocaleString('en-US')
      display.update(progress.counters.rows, progress.totalRows, `${rate} rows/s${left}${event}`)
    },
    end: () => display.end(),
  }
}
