// The one door to zod: schemas of options and of what is shown to the outside.
export { z } from 'zod'
