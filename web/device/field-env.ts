import type { Env } from '../../server/http/module.ts'
import type { Session } from './device.ts'

/** What the routes of a device find around them: a session once somebody has unlocked it. */
export interface FieldEnv extends Env {
  Bindings: { session?: Session }
}
