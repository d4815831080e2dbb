// The module tables.js, which the server makes of the program's own tables.
export const TABLES: typeof import('../page-tables.ts').PAGE_TABLES
