import { version } from '../package.json'

/** One place says the version: package.json. */
export const programVersion: string = version
