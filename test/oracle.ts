// The expected result of given rows, computed row by row in the most obvious way. It shares no code
// with src/, consumers/ and state/, which are compared with it.

/** `time` is UTC without a zone; `number` is what JSON cannot hold: NaN, Infinity, long numbers. */
export type RawCell = null | string | number | { number: string } | { time: string }

/** Rows as they were written, and the canonical name of each column. */
export interface RawRows {
  columns: string[]
  rows: RawCell[][]
}

/** How rows are interpreted. */
export interface OracleOptions {
  durationUnit: 'auto' | 'ms' | 's'
  missingMsisdn: 'reject' | 'zero'
}

/** Totals of an hour; `applications` are DL and UL of the seven, in turn. */
export interface OracleHour {
  records: number
  sessions: number
  durationMs: number
  downlinkBytes: number
  uplinkBytes: number
  applications: number[]
}

/** Every count of the rows; a subscriber's 21 numbers are in the order of FIELD. */
export interface OracleResult {
  durationUnit: 'ms' | 's'
  rows: number
  applied: number
  rejected: Record<string, number>
  coerced: Record<string, number>
  missing: Record<string, number>
  subscribers: Map<number, number[]>
  hours: Map<number | null, OracleHour>
}

const APPLICATIONS = ['Social Media', 'Google', 'Email', 'Youtube', 'Netflix', 'Gaming', 'Other']
const APPLICATION_BYTES = APPLICATIONS.flatMap((name) => [
  `${name} DL (Bytes)`,
  `${name} UL (Bytes)`,
])
const BYTES = ['Total DL (Bytes)', 'Total UL (Bytes)', ...APPLICATION_BYTES]
const NUMBERS = ['Dur. (ms)', ...BYTES]
const MISSING_TEXTS = ['', '\\n', '\\\\n', 'nan', 'undefined', 'null']
const A_NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

type Row = (column: string) => RawCell

/** Reads all rows, one after the other. */
export function oracle(raw: RawRows, options: OracleOptions): OracleResult {
  const rows = raw.rows.map(
    (cells): Row =>
      (column) =>
        cells[raw.columns.indexOf(column)] ?? null,
  )
  const unit = options.durationUnit === 'auto' ? unitOf(rows) : options.durationUnit
  const rejected = new Map<string, number>()
  const coerced = new Map<string, number>()
  const missing = new Map<string, number>()
  const subscribers = new Map<number, bigint[]>()
  const hours = new Map<number | null, bigint[]>()
  let applied = 0
  for (const row of rows) {
    const reason = rejection(row, unit, options.missingMsisdn)
    if (reason !== null) {
      count(rejected, reason)
      continue
    }
    applied += 1
    const amounts = NUMBERS.map((column) => amount(row, column, unit, coerced, missing))
    const start = time(row, 'Start', 'Start ms', coerced, missing)
    const end = time(row, 'End', 'End ms', coerced, missing)
    const session = isMissing(row('Bearer Id')) ? 0n : 1n
    if (session === 0n) count(missing, 'Bearer Id')
    const sums = [1n, session, ...amounts]
    const msisdn = isMissing(row('MSISDN/Number')) ? 0 : Number(msisdnOf(row('MSISDN/Number')))
    const before = subscribers.get(msisdn) ?? Array<bigint>(21).fill(0n)
    subscribers.set(msisdn, [
      ...sums.map((value, at) => before[at] + value),
      start === null ? before[19] : earliest(before[19], BigInt(start)),
      end === null ? before[20] : latest(before[20], BigInt(end)),
    ])
    const hour = start === null ? null : start - (start % 3_600_000)
    const hourBefore = hours.get(hour) ?? Array<bigint>(19).fill(0n)
    hours.set(
      hour,
      sums.map((value, at) => hourBefore[at] + value),
    )
  }
  return {
    durationUnit: unit,
    rows: rows.length,
    applied,
    rejected: Object.fromEntries(rejected),
    coerced: Object.fromEntries(coerced),
    missing: Object.fromEntries(missing),
    subscribers: new Map([...subscribers].map(([msisdn, sums]) => [msisdn, sums.map(exact)])),
    hours: new Map([...hours].map(([hour, sums]) => [hour, namedHour(sums.map(exact))])),
  }
}

/** The result as JSON: maps as lists in order of their keys, names sorted, the null hour last. */
export function oracleJson(result: OracleResult): unknown {
  const sorted = (counts: Record<string, number>) =>
    Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))
  return {
    ...result,
    rejected: sorted(result.rejected),
    coerced: sorted(result.coerced),
    missing: sorted(result.missing),
    subscribers: [...result.subscribers].sort(([a], [b]) => a - b),
    hours: [...result.hours].sort(([a], [b]) => (a ?? Infinity) - (b ?? Infinity)),
  }
}

function rejection(row: Row, unit: 'ms' | 's', missingMsisdn: 'reject' | 'zero'): string | null {
  const msisdn = row('MSISDN/Number')
  if (isMissing(msisdn)) {
    const timeless = isMissing(row('Start')) && isMissing(row('End'))
    if (timeless && BYTES.some((column) => hasFraction(numberOf(row(column))))) return 'footer'
    if (missingMsisdn === 'reject') return 'missing-msisdn'
  } else {
    const value = msisdnOf(msisdn)
    if (value === 'imprecise') return 'imprecise-msisdn'
    if (value === null || !Number.isFinite(value) || hasFraction(value)) return 'invalid-msisdn'
    if (value <= 0 || value >= 1e15) return 'invalid-msisdn'
  }
  for (const column of NUMBERS) {
    const value = numberOf(row(column))
    if (value === null) continue
    const scaled = column === 'Dur. (ms)' && unit === 's' ? value * 1000 : value
    if (value < 0 || !Number.isFinite(scaled) || scaled >= 2 ** 53) return 'invalid-number'
  }
  return null
}

/** A needed number of a valid row as a whole number; counts if it is missing or coerced. */
function amount(
  row: Row,
  column: string,
  unit: 'ms' | 's',
  coerced: Map<string, number>,
  missing: Map<string, number>,
): bigint {
  if (isMissing(row(column))) {
    count(missing, column)
    return 0n
  }
  const value = numberOf(row(column))
  if (value === null) {
    count(coerced, column)
    return 0n
  }
  const scaled = column === 'Dur. (ms)' && unit === 's' ? value * 1000 : value
  if (hasFraction(scaled)) count(coerced, column)
  const whole = Math.floor(scaled)
  return BigInt(scaled - whole >= 0.5 ? whole + 1 : whole)
}

/** Milliseconds since 1970, or null if the time is missing, unreadable or out of range. */
function time(
  row: Row,
  column: string,
  msColumn: string,
  coerced: Map<string, number>,
  missing: Map<string, number>,
): number | null {
  if (isMissing(row(column))) {
    count(missing, column)
    return null
  }
  const value = instant(row, column, msColumn)
  if (value === null) count(coerced, column)
  return value
}

function instant(row: Row, column: string, msColumn: string): number | null {
  const value = readTime(row(column))
  if (value === null || value < Date.UTC(2000, 0) || value >= Date.UTC(2100, 0)) return null
  const ms = numberOf(row(msColumn)) ?? 0
  return value % 1000 === 0 && ms >= 0 && ms <= 999 ? value + ms : value
}

function readTime(cell: RawCell): number | null {
  const text = cell !== null && typeof cell === 'object' && 'time' in cell ? cell.time : cell
  if (typeof text !== 'string') return null
  const slashed = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text.trim())
  if (slashed) {
    const [, month, day, year, hour, minute, second = '0'] = slashed as string[] as Seven
    return utc([year, month, day, hour, minute, second], '0')
  }
  const iso = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(text.trim())
  return iso ? utc(iso.slice(1, 7), iso.at(7) ?? '0') : null
}

function utc(parts: string[], fraction: string): number | null {
  const [year, month, day, hour, minute, second] = parts.map(Number) as Six
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3))
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second, ms))
  const same =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour
  return same && minute < 60 && second < 60 ? date.getTime() : null
}

/** Seconds or milliseconds: the unit that agrees with End − Start in most of 1,000 rows. */
function unitOf(rows: Row[]): 'ms' | 's' {
  const votes = { ms: 0, s: 0 }
  for (const row of rows) {
    if (votes.ms + votes.s === 1000) break
    const start = instant(row, 'Start', 'Start ms')
    const end = instant(row, 'End', 'End ms')
    const duration = numberOf(row('Dur. (ms)'))
    if (start === null || end === null || duration === null) continue
    const span = end - start
    if (span <= 120_000 || !(duration > 0)) continue
    const seconds = Math.abs(duration * 1000 - span) < Math.abs(duration - span)
    votes[seconds ? 's' : 'ms'] += 1
  }
  return votes.s > votes.ms ? 's' : 'ms'
}

/** The value of a number, or of text that contains one; null for anything else and for NaN. */
function numberOf(cell: RawCell): number | null {
  if (isMissing(cell) || cell === null) return null
  if (typeof cell === 'number') return cell
  if (typeof cell === 'string') return A_NUMBER.test(cell.trim()) ? Number(cell) : null
  return 'number' in cell ? Number(cell.number) : null
}

/** The same of an MSISDN, which people spell in more ways. */
function msisdnOf(cell: RawCell): number | null | 'imprecise' {
  if (typeof cell !== 'string') return numberOf(cell)
  const text = cell.replace(/^[\s\0]+|[\s\0]+$/g, '')
  const spelt = /^(tel:)?\+?(\d([\d -]*\d)?)(\.0*)?$/i.exec(text)
  if (spelt) return Number(spelt[2].replace(/[ -]/g, ''))
  const value = numberOf(text)
  const scientific = /^\+?([\d.]+)e\+?\d+$/i.exec(text)
  if (value === null || !scientific) return value
  const digits = scientific[1].replace('.', '').replace(/^0+/, '').length
  return value >= 10 ** digits ? 'imprecise' : value
}

function isMissing(cell: RawCell): boolean {
  if (cell === null) return true
  if (typeof cell === 'string') return MISSING_TEXTS.includes(cell.trim().toLowerCase())
  return typeof cell === 'object' && 'number' in cell && cell.number === 'NaN'
}

const hasFraction = (value: number | null): boolean =>
  value !== null && Number.isFinite(value) && !Number.isInteger(value)

const earliest = (a: bigint, b: bigint): bigint => (a === 0n || b < a ? b : a)
const latest = (a: bigint, b: bigint): bigint => (b > a ? b : a)

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function exact(value: bigint): number {
  if (value >= 2n ** 53n) throw new Error(`a sum of ${value} exceeds the range of fixtures`)
  return Number(value)
}

function namedHour(sums: number[]): OracleHour {
  const [records, sessions, durationMs, downlinkBytes, uplinkBytes] = sums as Five
  const applications = sums.slice(5)
  return { records, sessions, durationMs, downlinkBytes, uplinkBytes, applications }
}

type Seven = [string, string, string, string, string, string, string?]
type Six = [number, number, number, number, number, number]
type Five = [number, number, number, number, number]
