// The question of the unit of volumes: bytes, or what the option sets, as far as names agree.
import { MOST_NAME_LETTERS, volumeEnding } from '../column-names.ts'
import type { Finding, Question } from '../decide-units.ts'
import type { UnitOptions } from '../source-units.ts'
import { statedUnit, VOLUME_ENDINGS, VOLUME_UNITS, type VolumeUnit } from './volume-unit.ts'

/**
 * What the names of columns show. Bytes are the only unit that names alone decide.
 *
 * @param names the names of the columns in the source
 * @param isKnown whether other sources with the same columns were read
 */
export function volumeFinding(
  names: Iterable<string>,
  isKnown: boolean,
  { volumeUnit: option }: UnitOptions,
): Finding<VolumeUnit> {
  const asked = option ?? 'bytes'
  let agreeing: string | null = null
  for (const name of names) {
    const ending = endingOf(name)
    if (ending === null) continue
    if (!VOLUME_ENDINGS[ending].includes(asked)) {
      const found = `the name of the column "${name}" ends in another unit than ${asked}`
      return { kind: option === null ? 'unclear' : 'mixed', found }
    }
    agreeing ??= name
  }
  if (agreeing !== null) {
    return { kind: 'value', value: asked, evidence: `the name of the column "${agreeing}"` }
  }
  return { kind: isKnown ? 'unknown' : 'none', found: 'the names of its columns have no unit' }
}

/** Names kept of which endings agree: messages may spell one in any number of ways. */
const MOST_NAMES = 32

/** Notes the name of a column of volumes, if it is among the first ones or has an ending of its own. */
export function noteVolume(names: Set<string>, name: string): void {
  // The end of a longer name states the unit.
  const end = name.slice(-MOST_NAME_LETTERS)
  if (names.size < MOST_NAMES || ![...names].some((one) => endingOf(one) === endingOf(end))) {
    names.add(end)
  }
}

const endingOf = (name: string): string | null => volumeEnding(name) ?? statedUnit(name)

/** The question, with the options of a run. */
export const volumeQuestion = ({ volumeUnit, forceUnits }: UnitOptions): Question<VolumeUnit> => ({
  what: 'the unit of volumes',
  flag: '--volume-unit',
  values: VOLUME_UNITS.join('|'),
  expected: 'columns in bytes',
  plain: 'bytes',
  option: volumeUnit,
  force: forceUnits,
})
