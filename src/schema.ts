// The only importer of zod: schemas of options, of the API and of reports.
export { z } from 'zod'
