// Draft of the project's own schema.
import { FILE_COLUMNS, USED_COLUMNS } from '../src/record/columns.ts'
const snake = (name: string) =>
  name
    .replace('<', 'lt')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
    .replace(/^(\d)/, 'c$1')
const used = new Set<string>(USED_COLUMNS)
export const XDR_SCHEMA = {
  type: 'record',
  name: 'XdrSession',
  namespace: 'xdrpulse',
  fields: FILE_COLUMNS.map(({ name, type }) => ({
    name: snake(name),
    type:
      name === 'Bearer Id' || type === 'text'
        ? ['null', 'string']
        : type === 'time'
          ? ['null', { type: 'long', logicalType: 'timestamp-millis' }, 'string']
          : used.has(name)
            ? ['null', 'long', 'double', 'string']
            : ['null', 'double', 'string'],
  })),
}
