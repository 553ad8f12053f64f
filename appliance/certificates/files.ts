import { join } from 'node:path'

/** The authority of the county: key and certificate. */
export const authorityFile = (keys: string) => join(keys, 'authority.pem')
/** The certificate of the box itself, with its key. */
export const serverFile = (keys: string) => join(keys, 'server.pem')
