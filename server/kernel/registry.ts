// Everything the modules declare, found by name. Built once at start; a county's own datasets join at run time.

import { Rights } from './access.ts'
import type { Reaction, Rule, Verb } from './acts.ts'
import { Dataset, type DatasetSpec } from './dataset.ts'
import type { CodeList, Lookup } from './fields.ts'
import type { Measure } from './measures.ts'
import type { Part } from './part.ts'
import { kernelPart } from './questions.ts'
import type { Words } from './words.ts'

export class Registry implements Lookup {
  readonly datasets = new Map<string, Dataset>()
  readonly verbs = new Map<string, Verb>()
  readonly rules = new Map<string, Rule[]>()
  readonly reactions: Reaction[] = []
  readonly measures = new Map<string, Measure>()
  readonly lists = new Map<string, CodeList>()
  readonly rights: Rights

  readonly parts: Part[]

  constructor(modules: Part[]) {
    const parts = [kernelPart, ...modules]
    this.parts = parts
    for (const part of parts) {
      for (const each of part.datasets ?? []) this.add(each)
      for (const each of part.verbs ?? []) {
        if (!each.name.startsWith(`${each.on.name}.`))
          throw new Error(`${each.name} should begin with ${each.on.name}.`)
        this.once(this.verbs, each.name, each)
      }
      for (const each of part.rules ?? [])
        this.rules.set(each.on.name, [...(this.rules.get(each.on.name) ?? []), each])
      this.reactions.push(...(part.reactions ?? []))
      for (const each of part.measures ?? []) this.once(this.measures, each.name, each)
      for (const each of part.codes ?? []) this.once(this.lists, each.name, each)
    }
    this.rights = new Rights(
      parts.flatMap((part) => part.roles ?? []),
      parts.flatMap((part) => part.grants ?? []),
    )
  }

  /** The dataset by name; a bug when it is unknown. Use `datasets.get` where a person typed the name. */
  dataset(name: string): Dataset {
    const found = this.datasets.get(name)
    if (!found) throw new Error(`no dataset ${name}`)
    return found
  }

  add(dataset: Dataset) {
    this.once(this.datasets, dataset.name, dataset)
  }

  /** A county's own dataset, declared (again) in the browser: the newest declaration stands. */
  declare(spec: DatasetSpec) {
    this.datasets.set(spec.name, new Dataset(spec))
  }

  verbsOn(dataset: string): Verb[] {
    return [...this.verbs.values()].filter((each) => each.on.name === dataset)
  }

  codes(list: string): CodeList | undefined {
    return this.lists.get(list)
  }

  /** The words for an administrative code, from the code list `division`. */
  division(code: string): Words | undefined {
    return this.lists.get('division')?.codes[code]
  }

  private once<T>(map: Map<string, T>, name: string, value: T) {
    if (map.has(name)) throw new Error(`${name} is declared twice`)
    map.set(name, value)
  }
}
