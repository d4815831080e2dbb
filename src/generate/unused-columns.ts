// The unused columns of a generated file: equipment, radio, seconds by rate.
import type { Column, Draws } from './draws.ts'

/** A random number: null in a share of the rows, else floor(scale × uniform^power). */
interface Filler {
  name: string
  empty: number
  scale: number
  power: 1 | 2 | 3 | 4
}

const filler = (name: string, empty: number, scale: number, power: Filler['power']): Filler => ({
  name,
  empty,
  scale,
  power,
})

const FILLERS: readonly Filler[] = [
  filler('Avg RTT DL (ms)', 0.186, 400, 3),
  filler('Avg RTT UL (ms)', 0.185, 90, 4),
  filler('Avg Bearer TP DL (kbps)', 0, 60_000, 3),
  filler('Avg Bearer TP UL (kbps)', 0, 8_000, 3),
  filler('TCP DL Retrans. Vol (Bytes)', 0.588, 8e7, 4),
  filler('TCP UL Retrans. Vol (Bytes)', 0.644, 3e6, 4),
  filler('50 Kbps < DL TP < 250 Kbps (%)', 0.005, 14, 3),
  filler('250 Kbps < DL TP < 1 Mbps (%)', 0.005, 10, 3),
  filler('DL TP > 1 Mbps (%)', 0.005, 10, 3),
  filler('10 Kbps < UL TP < 50 Kbps (%)', 0.005, 8, 3),
  filler('50 Kbps < UL TP < 300 Kbps (%)', 0.005, 6, 3),
  filler('UL TP > 300 Kbps (%)', 0.005, 4, 3),
  filler('HTTP DL (Bytes)', 0.543, 4e8, 3),
  filler('HTTP UL (Bytes)', 0.545, 1e7, 3),
  filler('Nb of sec with 125000B < Vol DL', 0.65, 5000, 3),
  filler('Nb of sec with 1250B < Vol UL < 6250B', 0.62, 2000, 4),
  filler('Nb of sec with 31250B < Vol DL < 125000B', 0.624, 4000, 3),
  filler('Nb of sec with 37500B < Vol UL', 0.869, 600, 3),
  filler('Nb of sec with 6250B < Vol DL < 31250B', 0.588, 4000, 3),
  filler('Nb of sec with 6250B < Vol UL < 37500B', 0.746, 700, 3),
  filler('Nb of sec with Vol DL < 6250B', 0.005, 20_000, 2),
  filler('Nb of sec with Vol UL < 1250B', 0.005, 20_000, 2),
]

/** Maker and model by frequency; files hold `undefined` for unknown handsets. */
const HANDSETS: readonly (readonly [weight: number, maker: string, model: string])[] = [
  [130, 'Huawei', 'Huawei B528S-23A'],
  [60, 'Apple', 'Apple iPhone 6S (A1688)'],
  [58, 'Apple', 'Apple iPhone 6 (A1586)'],
  [57, 'undefined', 'undefined'],
  [55, 'Apple', 'Apple iPhone 7 (A1778)'],
  [45, 'Apple', 'Apple iPhone Se (A1723)'],
  [43, 'Apple', 'Apple iPhone 8 (A1905)'],
  [35, 'Apple', 'Apple iPhone Xr (A2105)'],
  [34, 'Samsung', 'Samsung Galaxy S8 (Sm-G950F)'],
  [27, 'Apple', 'Apple iPhone X (A1901)'],
  [25, 'Samsung', 'Samsung Galaxy A5 Sm-A520F'],
  [22, 'Samsung', 'Samsung Galaxy S7 (Sm-G930X)'],
  [20, 'Samsung', 'Samsung Galaxy J5 (Sm-J530)'],
  [18, 'Samsung', 'Samsung Galaxy J3 (Sm-J330)'],
  [16, 'Huawei', 'Huawei E5180'],
  [14, 'Huawei', 'Huawei P20 Lite Huawei Nova 3E'],
  [13, 'Huawei', 'Huawei P20'],
  [8, 'Sony Mobile Communications Ab', 'Sony Mobile Communications Ab Sony Xperia Xz1'],
  [7, 'Wiko Global Sasu', 'Wiko Global Sasu Wiko Sunny'],
  [6, 'Xiaomi Communications Co Ltd', 'Xiaomi Communications Redmi Note 5'],
]

/** The numbers that `unusedByName` reads: one draw per filler, the handset, the location. */
export function unusedColumns(draws: Draws): Column[][] {
  const total = HANDSETS.reduce((sum, [weight]) => sum + weight, 0)
  let shareSoFar = 0
  const handset = HANDSETS.slice(0, -1).map(([weight], at) => {
    shareSoFar += weight / total
    return `WHEN equipment < ${shareSoFar} THEN ${at + 1}`
  })
  const away = draws.uniform('away', 'i')
  const home = draws.bits('home', 'rank')
  const elsewhere = draws.bits('elsewhere', 'i')
  return [
    [
      ...FILLERS.map(({ name }, at): Column => [`chance_${at}`, draws.uniform(name, 'i')]),
      ['handset', `CASE ${handset.join(' ')} ELSE ${HANDSETS.length} END`],
      ['cell', `CASE WHEN ${away} < 0.4 THEN ${elsewhere} ELSE ${home} END % 45000`],
      ['located', `${draws.uniform('located', 'i')} >= 0.008`],
      ['moment', draws.uniform('activity', 'i')],
      ['bearer', draws.bits('bearer', 'i')],
    ],
    FILLERS.map(({ empty, scale, power }, at): Column => {
      const rest = `((chance_${at} - ${empty}) * ${1 / (1 - empty)})`
      const value = [String(scale), ...Array<string>(power).fill(rest)].join(' * ')
      return [`filler_${at}`, `CASE WHEN chance_${at} >= ${empty} THEN floor(${value}) END`]
    }),
  ]
}

/** SQL of the unused columns, by name in the file. */
export function unusedByName(): Map<string, string> {
  const choose = (names: readonly string[]) =>
    `list_extract([${names.map((name) => `'${name}'`).join(', ')}], handset)`
  const fillers = new Map(FILLERS.map(({ name }, at): Column => [name, `filler_${at}`]))
  const rest = (bounds: readonly string[]) =>
    `100 - ${bounds.map((name) => fillers.get(name)!).join(' - ')}`
  return new Map([
    ...fillers,
    ['IMSI', '208200000000000 + (msisdn - 33600000000) * 7'],
    ['IMEI', '35000000000000 + handset * 10000000000 + (msisdn - 33600000000)'],
    ['Last Location Name', `CASE WHEN located THEN concat('T', cell, 'A') END`],
    [
      'DL TP < 50 Kbps (%)',
      rest([
        '50 Kbps < DL TP < 250 Kbps (%)',
        '250 Kbps < DL TP < 1 Mbps (%)',
        'DL TP > 1 Mbps (%)',
      ]),
    ],
    [
      'UL TP < 10 Kbps (%)',
      rest([
        '10 Kbps < UL TP < 50 Kbps (%)',
        '50 Kbps < UL TP < 300 Kbps (%)',
        'UL TP > 300 Kbps (%)',
      ]),
    ],
    ['Activity Duration DL (ms)', 'floor(duration * (0.02 + 0.6 * moment))'],
    ['Activity Duration UL (ms)', 'floor(duration * (0.02 + 0.5 * moment * moment))'],
    ['Handset Manufacturer', choose(HANDSETS.map(([, maker]) => maker))],
    ['Handset Type', choose(HANDSETS.map(([, , model]) => model))],
  ])
}
