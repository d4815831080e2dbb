// Progress on long work, as people see it on a terminal.
import cliProgress from 'cli-progress'
import type { IngestProgress } from '../../consumers/progress.ts'
import { createPaceMeter } from '../serve/pace.ts'
import { durationText } from '../snapshot/units.ts'

/** A line or bar that follows work to its end; it ends before anything else is printed. */
export interface ProgressDisplay {
  update(done: number, total: number, more: string): void
  end(): void
}

const PLAIN_EVERY_MS = 5000

/** A bar on a terminal; elsewhere a line every few seconds. */
export function createProgress(subject: string, terminal: boolean): ProgressDisplay {
  return terminal ? barProgress(subject) : plainProgress(subject)
}

/** What a narrow terminal cuts off stands last. */
function barProgress(subject: string): ProgressDisplay {
  const bar = new cliProgress.SingleBar({
    format: `${subject} {bar} {percentage}% | {shown}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 16,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  })
  let started = false
  return {
    update(done, total, more) {
      const shown = [more, rowsText(done, total)].filter((part) => part !== '').join(' | ')
      if (!started) bar.start(total, done, { shown })
      else {
        bar.setTotal(total)
        bar.update(done, { shown })
      }
      started = true
    },
    end() {
      // It draws once more where it stands, and clears that: nothing may be printed in between.
      if (started) bar.stop()
      started = false
    },
  }
}

function plainProgress(subject: string): ProgressDisplay {
  let last = 0
  return {
    update(done, total, more) {
      if (Date.now() - last < PLAIN_EVERY_MS) return
      last = Date.now()
      const share = total === 0 ? 100 : Math.floor((100 * done) / total)
      const parts = [`${subject} ${share}% (${rowsText(done, total)})`, more]
      process.stderr.write(`${parts.filter((part) => part !== '').join(', ')}\n`)
    },
    end: () => undefined,
  }
}

const rowsText = (done: number, total: number): string =>
  `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} rows`

/** Shows a replay's messages: rows, rows a second, time left, and the event time reached. */
export function replayDisplay(terminal: boolean): {
  show(progress: IngestProgress): void
  end(): void
} {
  const display = createProgress('replay', terminal)
  const meter = createPaceMeter()
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
