// Who may do what, where. A right is dataset × verb × division prefix; roles bundle rights, modules grant to roles.

import type { DatasetSpec } from './dataset.ts'
import type { Lang, Words } from './words.ts'

export interface Actor {
  /** Login name, or `token:…`, `node:…`, `system`. */
  id: string
  name: string
  roles: string[]
  /** Administrative code whose prefix is the scope. */
  division: string
  lang: Lang
  /** The legal entity a trace clerk works for (id in base.entity), when bound to one. */
  entity?: string
}

export interface Role {
  name: string
  title: Words
}

/** What a module lets a role do. Patterns are dataset or act names; `*` may end them. */
export interface Grant {
  role: string
  read?: string[]
  act?: string[]
  /** Named permissions: `personal` (see unmasked values, with a reason), `redact` (remove values for good), `export`, `import`, `declare`, `people`, `sync`, `system`. */
  may?: string[]
}

export class Rights {
  private readonly byRole = new Map<string, { read: Pattern[]; act: Pattern[]; may: Set<string> }>()

  constructor(
    readonly roles: Role[],
    grants: Grant[],
  ) {
    for (const grant of grants) {
      const entry = this.byRole.get(grant.role) ?? { read: [], act: [], may: new Set() }
      entry.read.push(...(grant.read ?? []).map(pattern))
      entry.act.push(...(grant.act ?? []).map(pattern))
      for (const permission of grant.may ?? []) entry.may.add(permission)
      this.byRole.set(grant.role, entry)
    }
  }

  mayRead(actor: Actor, dataset: string): boolean {
    return actor.id === 'system' || this.any(actor, (entry) => entry.read.some((matches) => matches(dataset)))
  }

  mayAct(actor: Actor, act: string): boolean {
    return actor.id === 'system' || this.any(actor, (entry) => entry.act.some((matches) => matches(act)))
  }

  may(actor: Actor, permission: string): boolean {
    return (
      actor.id === 'system' || this.any(actor, (entry) => entry.may.has(permission) || entry.may.has('*'))
    )
  }

  private any(
    actor: Actor,
    test: (entry: { read: Pattern[]; act: Pattern[]; may: Set<string> }) => boolean,
  ): boolean {
    return actor.roles.some((role) => {
      const entry = this.byRole.get(role)
      return entry ? test(entry) : false
    })
  }
}

/** Whether a record of `division` lies within the actor's scope. */
export const within = (actor: Pick<Actor, 'division'>, division: string): boolean =>
  division.startsWith(actor.division)

/** Whether the actor may see it: within scope, or above it where the dataset reaches below. */
export const visible = (actor: Pick<Actor, 'division'>, spec: DatasetSpec, division: string): boolean =>
  within(actor, division) || (spec.reach === 'below' && actor.division.startsWith(division))

/** The box itself, for reactions, seeds and imports by the operator. */
export const systemActor = (division: string): Actor => ({
  id: 'system',
  name: '县盒',
  roles: [],
  division,
  lang: 'zh',
})

type Pattern = (name: string) => boolean
const pattern = (written: string): Pattern =>
  written.endsWith('*') ? (name) => name.startsWith(written.slice(0, -1)) : (name) => name === written
