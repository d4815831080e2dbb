// Progress of long operations: as a bar or as lines, and over the passes that read a state.
import type { StateView } from '../../state/read.ts'
import { printNote } from '../plain-text.ts'
import type { Bar } from './bar.ts'

/** A line or bar that shows the progress of an operation. */
export interface ProgressDisplay {
  /** Shows `done` of `total`, counted in `noun` (default: rows), and the text `more`. */
  update(done: number, total: number, more: string, noun?: string): void
  /** Removes the bar; must be called before anything else is printed. */
  end(): void
}

const EVERY_MS = 5000

const countedText = (done: number, total: number, noun: string): string =>
  `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} ${noun}`

/** Shows progress on a bar. */
function onBar(bar: Bar): ProgressDisplay {
  let last = ''
  return {
    update(done, total, more, noun = 'rows') {
      const shown = [more, countedText(done, total, noun)].filter((part) => part !== '').join(' | ')
      // The next step may block the thread: a new text is drawn before it starts.
      bar.draw(done, total, shown, more !== last)
      last = more
    },
    end: () => bar.clear(),
  }
}

/** Prints a line to stderr every 5 seconds; none for an operation that is done earlier. */
export function createLines(subject: string): ProgressDisplay {
  let last = Date.now()
  return {
    update(done, total, more, noun = 'rows') {
      if (Date.now() - last < EVERY_MS) return
      last = Date.now()
      const share = total === 0 ? 100 : Math.floor((100 * done) / total)
      const parts = [`${subject} ${share}% (${countedText(done, total, noun)})`, more]
      printNote(parts.filter((part) => part !== '').join(', '))
    },
    end: () => undefined,
  }
}

/** A bar if stderr is a terminal, else lines. The package that draws bars is loaded only then. */
export const createProgress = async (subject: string): Promise<ProgressDisplay> =>
  process.stderr.isTTY ? onBar((await import('./bar.ts')).createBar(subject)) : createLines(subject)

/** Shows progress while `work` runs; removes the display when it returns or throws. */
export async function withProgress<T>(
  subject: string,
  work: (display: ProgressDisplay) => Promise<T>,
): Promise<T> {
  const display = await createProgress(subject)
  try {
    return await work(display)
  } finally {
    display.end()
  }
}

/** A view that displays the progress of its passes: `reading` during a pass, then `making`. */
export function shownView(
  view: StateView,
  display: ProgressDisplay,
  reading: string,
  making: string,
): StateView {
  const total = view.counters.subscribers
  const show = (read: number, what: string): void =>
    display.update(read, total, what, 'subscribers')
  return {
    ...view,
    scan(visit) {
      let read = 0
      show(read, reading)
      view.scan((rows, count) => {
        visit(rows, count)
        read += count
        show(read, reading)
      })
      show(read, making)
    },
  }
}
