// Watches the share of rejected rows: a topic of the wrong kind must not be drained as rejected rows.

/** The share is that of the last one to two times as many rows. */
const WINDOW_ROWS = 5000
/** Fewer rows say nothing. */
const LEAST_ROWS = 1000

export interface RejectedLimit {
  add(applied: number, rejected: number): void
  /** In words, once the share was above the limit; it stays until the process is started again. */
  alarm(): string | null
}

/** A watch for a limit from 0 to 1; 1 never alarms. */
export function createRejectedLimit(limit: number): RejectedLimit {
  let before = { rows: 0, rejected: 0 }
  let now = { rows: 0, rejected: 0 }
  let alarm: string | null = null
  return {
    add(applied, rejected) {
      now.rows += applied + rejected
      now.rejected += rejected
      const rows = before.rows + now.rows
      const share = (before.rejected + now.rejected) / rows
      if (alarm === null && rows >= LEAST_ROWS && share > limit) {
        alarm =
          `${(share * 100).toFixed(0)} % of the last ${rows} rows were rejected, above ` +
          `--rejected-limit ${limit}: reading is paused; see "xdr-pulse rejected", mend the cause ` +
          'and start again, or start with a higher limit'
      }
      if (now.rows >= WINDOW_ROWS) {
        before = now
        now = { rows: 0, rejected: 0 }
      }
    },
    alarm: () => alarm,
  }
}
