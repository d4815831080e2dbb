// Progress on long work: as a bar or as lines, and over the passes that read a state.
import type { StateView } from '../../state/read.ts'
import type { Bar } from './bar.ts'

/** A line or bar that follows work to its end; it ends before anything else is printed. */
export interface ProgressDisplay {
  /** `noun` is what is counted: rows, unless another one is given. */
  update(done: number, total: number, more: string, noun?: string): void
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
      // What comes next may keep the thread to itself: what is new is drawn before.
      bar.draw(done, total, shown, more !== last)
      last = more
    },
    end: () => bar.clear(),
  }
}

/** A line every few seconds, none for what is done by then. */
export function createLines(subject: string): ProgressDisplay {
  let last = Date.now()
  return {
    update(done, total, more, noun = 'rows') {
      if (Date.now() - last < EVERY_MS) return
      last = Date.now()
      const share = total === 0 ? 100 : Math.floor((100 * done) / total)
      const parts = [`${subject} ${share}% (${countedText(done, total, noun)})`, more]
      process.stderr.write(`${parts.filter((part) => part !== '').join(', ')}\n`)
    },
    end: () => undefined,
  }
}

/** A bar where stderr is a terminal, else lines. What draws a bar is only loaded for one. */
export const createProgress = async (subject: string): Promise<ProgressDisplay> =>
  process.stderr.isTTY ? onBar((await import('./bar.ts')).createBar(subject)) : createLines(subject)

/** Shows progress while `work` goes on, and ends it however that ends. */
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

/** The view with its passes shown: `reading` while subscribers go by, then what is made of them. */
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
    scan(visit, cache) {
      let read = 0
      show(read, reading)
      view.scan((rows, count) => {
        visit(rows, count)
        read += count
        show(read, reading)
      }, cache)
      show(read, making)
    },
  }
}
