// Bodies that are the same for all requests: made once, so that they are packed once, too.

const bodies = new WeakMap<object, Map<string, Buffer>>()

/**
 * The body called `name` of `owner`, the object that it is made from. It is made at the first
 * request and dropped with its owner.
 */
export function keptBody(owner: object, name: string, make: () => string): Buffer {
  let ofOwner = bodies.get(owner)
  if (ofOwner === undefined) bodies.set(owner, (ofOwner = new Map<string, Buffer>()))
  let body = ofOwner.get(name)
  if (body === undefined) ofOwner.set(name, (body = Buffer.from(make())))
  return body
}
