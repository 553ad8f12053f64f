import type { Rec } from '../../kernel/dataset.ts'
import type { Store } from '../../kernel/store.ts'
import { countyDatasets } from './dataset.ts'
import { specFrom } from './own-field.ts'

/** Makes every declared register known: all of them when a store opens, and again whenever a declaration was written. */
export function knowOwnRegisters(store: Store) {
  if (following.has(store)) return
  following.add(store)
  declareAll(store)
  store.listen(({ datasets }) => {
    if (datasets.has(countyDatasets.name)) declareAll(store)
  })
}

const following = new WeakSet<Store>()

function declareAll(store: Store) {
  for (const record of store.look.find(countyDatasets, {}) as Rec<(typeof countyDatasets)['values']>[]) {
    const spec = specFrom(record.fields)
    store.registry.declare(spec)
    store.prepareDataset(spec)
  }
}
