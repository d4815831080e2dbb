// One generated session: its length, and its traffic per application.
import { eighth, normalPair, type Column, type Draws } from './draws.ts'

/**
 * Applications in file order: typical bytes down and up per session, and how many sessions of 256
 * have no such traffic. Gaming and Other dominate; YouTube and Netflix are about equal.
 */
const APPLICATION_TRAFFIC = [
  { column: 'Social Media', down: 1.6e6, up: 3e4, idle: 16 },
  { column: 'Google', down: 5e6, up: 1.8e6, idle: 6 },
  { column: 'Email', down: 1.7e6, up: 4e5, idle: 24 },
  { column: 'Youtube', down: 1.05e7, up: 1e7, idle: 16 },
  { column: 'Netflix', down: 1.05e7, up: 1e7, idle: 24 },
  { column: 'Gaming', down: 3.8e8, up: 7.5e6, idle: 20 },
  { column: 'Other', down: 3.8e8, up: 7.5e6, idle: 2 },
] as const

/** Most sessions last hours; the network ends the longest ones after three weeks. */
const MEDIAN_SECONDS = 5 * 3600
const LONGEST_SECONDS = 21 * 86_400
const DEVIATION = 1.5

/** `duration` in ms, `finish` in UTC ms, and `volume`, a factor for the session's traffic. */
export function sessionColumns(draws: Draws): Column[][] {
  const brief = `CASE WHEN ${draws.uniform('brief', 'i')} < 0.03 THEN 0.002 ELSE 1 END`
  const cut = `${LONGEST_SECONDS} * (0.9 + 0.1 * ${draws.uniform('cut', 'i')})`
  const spread = `exp(${DEVIATION} * normal_length)`
  return [
    [
      ['session_bits', draws.bits('session', 'i')],
      ['idle_bits', draws.bits('idle', 'i')],
      ...APPLICATION_TRAFFIC.map((_, at): Column => [`bits_${at}`, draws.bits(`app ${at}`, 'i')]),
    ],
    normalPair('normal_length', 'normal_volume', 'session_bits'),
    [
      ['seconds', `least(${cut}, ${MEDIAN_SECONDS} * class_length * ${spread} * ${brief})`],
      ['volume', `class_volume * exp(0.7 * normal_volume + 0.25 * normal_length - 0.28)`],
    ],
    [['duration', `1000 + floor(seconds * 1000)::BIGINT`]],
    [['finish', `start + duration`]],
  ]
}

/** `down_k` and `up_k` of the seven applications in whole bytes, then the totals `down` and `up`. */
export function trafficColumns(): Column[][] {
  const apps = APPLICATION_TRAFFIC.map((app, at) => ({ ...app, at }))
  const amount = (typical: number, at: number, normal: string) =>
    `floor(${typical} * active_${at} * volume * exp(0.8 * ${normal}_${at} - 0.32))`
  return [
    apps.map(({ at }): Column => [`liking_${at}`, `0.1 + 1.8 * ${eighth('taste', at)}`]),
    apps.flatMap(({ at, idle }): Column[] => [
      [
        `active_${at}`,
        `CASE WHEN ${eighth('idle_bits', at)} * liking_${at} < ${idle / 256} ` +
          `THEN 0 ELSE liking_${at} END`,
      ],
      ...normalPair(`normal_down_${at}`, `normal_up_${at}`, `bits_${at}`),
    ]),
    apps.flatMap(({ at, down, up }): Column[] => [
      [`down_${at}`, amount(down, at, 'normal_down')],
      [`up_${at}`, amount(up, at, 'normal_up')],
    ]),
    [
      // As in real files: the total of downloads excludes `Other`, the total of uploads includes it.
      ['down', sum(apps.slice(0, -1).map(({ at }) => `down_${at}`))],
      ['up', sum(apps.map(({ at }) => `up_${at}`))],
    ],
  ]
}

/** SQL of the 16 traffic columns, by name in the file. */
export function trafficByName(): Map<string, string> {
  const byName = new Map(
    APPLICATION_TRAFFIC.flatMap(({ column }, at): Column[] => [
      [`${column} DL (Bytes)`, `down_${at}`],
      [`${column} UL (Bytes)`, `up_${at}`],
    ]),
  )
  return byName.set('Total DL (Bytes)', 'down').set('Total UL (Bytes)', 'up')
}

const sum = (terms: readonly string[]): string => terms.join(' + ')
