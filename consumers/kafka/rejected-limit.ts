// Watches the share of refused rows: a topic of the wrong kind must not be drained as refused rows.

/** The share is that of the last one to two times as many rows. */
const WINDOW_ROWS = 5000
/** Fewer rows say nothing. */
const LEAST_ROWS = 1000

export interface RefusedWatch {
  add(applied: number, refused: number): void
  /** In words, once the share was above the limit; it stays until the process is started again. */
  alarm(): string | null
}

/** A watch for a limit from 0 to 1; 1 never alarms. */
export function createRefusedWatch(limit: number): RefusedWatch {
  let before = { rows: 0, refused: 0 }
  let now = { rows: 0, refused: 0 }
  let alarm: string | null = null
  return {
    add(applied, refused) {
      now.rows += applied + refused
      now.refused += refused
      const rows = before.rows + now.rows
      const share = (before.refused + now.refused) / rows
      if (alarm === null && rows >= LEAST_ROWS && share > limit) {
        alarm =
          `${(share * 100).toFixed(0)} % of the last ${rows} rows were refused, above ` +
          `--refused-limit ${limit}: reading is paused; see "xdr-pulse refused", mend the cause ` +
          'and start again, or start with a higher limit'
      }
      if (now.rows >= WINDOW_ROWS) {
        before = now
        now = { rows: 0, refused: 0 }
      }
    },
    alarm: () => alarm,
  }
}
