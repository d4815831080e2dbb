// How files, messages and people spell an MSISDN, and texts that are none.

/** Spellings of one number of ten digits or more. */
export function spellingsOf(msisdn: number): string[] {
  const digits = String(msisdn)
  const [country, first, rest] = [digits.slice(0, 2), digits.slice(2, 3), digits.slice(3)]
  return [
    digits,
    `+${digits}`,
    `+${country} ${first} ${rest}`,
    `00${digits}`,
    `00${country} ${first} ${rest}`,
    `${country}-${first}-${rest}`,
    `tel:${digits}`,
    `TEL:+${country}-${first}${rest}`,
    `${digits}.0`,
    `${digits}.`,
    ` ${digits} `,
    `\t${digits}\u00a0`,
    `\0${digits}\0\0`,
  ]
}

/** Texts that are no MSISDN anywhere. */
export const NOT_SPELLINGS: readonly string[] = [
  ' ',
  '12a',
  '-1',
  '1.5',
  '1e3',
  '1234567890123456',
  '٣',
  '++33600000001',
  'tel:',
  'sip:33600000001',
]
