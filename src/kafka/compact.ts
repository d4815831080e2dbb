// Lengths and tagged fields of Kafka's compact encodings (KIP-482).

/** A place in bytes, which reading moves. */
export interface Place {
  bytes: Buffer
  at: number
}

/** Reads a length; they are stored one too large, and 0 is null. */
export const readLength = (place: Place): number => Math.max(0, readUnsigned(place) - 1)

/** Reads an unsigned varint of up to 5 bytes. */
export function readUnsigned(place: Place): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = place.bytes[place.at++]
    value += (byte & 127) * 2 ** shift
    if (byte < 128) break
  }
  return value
}

/** Skips tagged fields. */
export function skipTags(place: Place): void {
  const tags = readUnsigned(place)
  for (let i = 0; i < tags; i++) {
    readUnsigned(place)
    place.at += readUnsigned(place)
  }
}
