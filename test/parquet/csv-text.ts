// Lines of CSV for tests.

const FIRST = 'Bearer Id,Start,End,Dur. (ms),MSISDN/Number,Total UL (Bytes),Total DL (Bytes)'
const APPLICATIONS = ['Social Media', 'Google', 'Email', 'Youtube', 'Netflix', 'Gaming', 'Other']

/** The line of column names. */
export const CSV_NAMES: string = [
  FIRST,
  ...APPLICATIONS.flatMap((name) => [`${name} DL (Bytes)`, `${name} UL (Bytes)`]),
].join(',')

/** A line of values under CSV_NAMES: one session of ten minutes. */
export const csvRow = (msisdn: number): string =>
  ['7', '4/21/2019 10:00', '4/21/2019 10:10', 600_000, msisdn, 2, 1]
    .concat(new Array<number>(14).fill(3))
    .join(',')
