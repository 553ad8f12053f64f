// What a module contributes, as the kernel sees it: declarations only.

import type { Grant, Role } from './access.ts'
import type { Reaction, Rule, Verb } from './acts.ts'
import type { Dataset } from './dataset.ts'
import type { CodeList } from './fields.ts'
import type { Measure } from './measures.ts'
import type { Words } from './words.ts'

/** What one county matter contributes. A module's folder exports one; the roll call lists them. */
export interface Part {
  name: string
  title: Words
  datasets?: Dataset<any>[]
  verbs?: Verb<any, any>[]
  rules?: Rule<any>[]
  reactions?: Reaction[]
  measures?: Measure[]
  codes?: CodeList[]
  roles?: Role[]
  grants?: Grant[]
}
