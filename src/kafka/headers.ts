// The headers in which a message sent by us says what row of what file it is.

/** Identity of the file. */
export const SOURCE_HEADER = 'xdr-source'
/** Number of the row in it. */
export const ROW_HEADER = 'xdr-row'
