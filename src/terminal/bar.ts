// A progress bar on a terminal; the only importer of cli-progress.
import cliProgress from 'cli-progress'

/** A line of a terminal that is redrawn, and cleared at the end. */
export interface Bar {
  /** Updates the bar: redraws it immediately if `atOnce`, else with the next regular redraw. */
  draw(done: number, total: number, shown: string, atOnce: boolean): void
  /** Removes the bar from the terminal. */
  clear(): void
}

/**
 * A bar on stderr that begins with `subject`. The least important part is last, where a narrow
 * terminal truncates it. The bar changes no terminal mode that would remain after a kill.
 */
export function createBar(subject: string): Bar {
  const bar = new cliProgress.SingleBar({
    format: `${subject} {bar} {percentage}% | {shown}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 16,
    linewrap: true,
    clearOnComplete: true,
    stream: process.stderr,
  })
  return {
    draw(done, total, shown, atOnce) {
      if (!bar.isActive) {
        bar.start(total, done, { shown })
        return
      }
      bar.setTotal(total)
      bar.update(done, { shown })
      if (atOnce) bar.render()
    },
    clear() {
      // The bar redraws its line and clears it: anything printed before would be overwritten.
      if (bar.isActive) bar.stop()
    },
  }
}
