// What the names in JSON messages stand for: columns by their known names, and paths of --map.
import { canonicalName, MOST_NAME_LETTERS, volumeEnding } from '../column-names.ts'
import { isAlike } from '../column-path.ts'
import { USED_COLUMNS } from '../columns.ts'
import { noteVolume } from '../formats/volume-question.ts'
import { VOLUME_PLACES } from '../formats/volume-unit.ts'
import type { MappedColumns } from '../mapped-columns.ts'
import { jsonPathsOf, type JsonPath } from './json-paths.ts'
import type { TextReading } from './text-reading.ts'

/** Names remembered, each of MOST_NAME_LETTERS: memory stays flat when each message has new names. */
const MOST_NAMES = 4096

/** The column that a name stands for. */
export interface Place {
  /** In USED_COLUMNS; -1 for a column that is not used, or not by this name. */
  column: number
  /** Whether the name is the canonical one. */
  exact: boolean
}

/** How the names of messages are read. */
export interface Names {
  paths: JsonPath[]
  placeOf: (name: string) => Place | null
}

/** The names of messages; notes those that state a unit of volumes. */
export function namesOf({ volumes }: TextReading, mapped: MappedColumns): Names {
  const paths = jsonPathsOf(mapped)
  // Any name that is mapped may end in a unit.
  for (const { place, ways } of paths) {
    if (VOLUME_PLACES.includes(place)) noteVolume(volumes, ways.at(-1)?.at(-1) ?? '')
  }
  return { paths, placeOf: createPlaces(volumes, mapped) }
}

/** @param volumes receives the names that state a unit of volumes */
function createPlaces(volumes: Set<string>, mapped: MappedColumns): (name: string) => Place | null {
  const paths = Object.values(mapped)
  const isTaken = (name: string): boolean =>
    paths.some((path) => path?.length === 1 && isAlike(path[0], name))
  const known = new Map<string, Place | null>()
  return (name) => {
    if (name.length > MOST_NAME_LETTERS) return null
    const found = known.get(name)
    if (found !== undefined) return found
    const canonical = canonicalName(name)
    const isFree = canonical !== undefined && mapped[canonical] === undefined && !isTaken(name)
    if (volumeEnding(name) !== null) noteVolume(volumes, name)
    const column = isFree ? USED_COLUMNS.indexOf(canonical) : -1
    const place = canonical === undefined ? null : { column, exact: name === canonical }
    if (known.size < MOST_NAMES) known.set(name, place)
    return place
  }
}
