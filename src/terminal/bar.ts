// A bar on a terminal: the one door to what draws it.
import cliProgress from 'cli-progress'

/** A line of a terminal that is drawn again and again, and cleared at the end. */
export interface Bar {
  /** Draws now and then, and at once when `shown` must be seen. */
  draw(done: number, total: number, shown: string, atOnce: boolean): void
  clear(): void
}

/** What a narrow terminal cuts off stands last. No mode of the terminal outlives a kill. */
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
      // It draws once more where it stands, and clears that: nothing may be printed in between.
      if (bar.isActive) bar.stop()
    },
  }
}
