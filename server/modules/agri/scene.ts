// For tests: the reed-shoot co-operative of 草尾镇 with its clerk, a plot, a rice field and what may be sprayed.

import type { Actor } from '../../kernel/access.ts'
import type { Receipt } from '../../kernel/acts.ts'
import { newId } from '../../kernel/ids.ts'
import type { Store } from '../../kernel/store.ts'
import { countyDay } from '../../kernel/words.ts'
import { entities } from '../base/dataset.ts'
import { bans, batches, intervals, pesticides, plots, products } from './dataset.ts'
import { daysAfter } from './days.ts'

export function reedScene(store: Store) {
  const today = countyDay(store.moment())
  const put = (dataset: { name: string }, fields: Record<string, unknown>): string => {
    const id = newId()
    const receipt = store.act(store.system, {
      id: newId(),
      name: `${dataset.name}.created`,
      record: id,
      fields,
    })
    if (receipt.outcome !== 'accepted') throw new Error(`${dataset.name}: ${receipt.message?.zh}`)
    return id
  }
  const coop = put(entities, {
    code: '93430981MA4L12346T',
    name: '草尾镇芦香种植专业合作社',
    kind: 'co-operative',
    trade: ['producer'],
    phone: '0737-2721234',
    division: '430981114',
  })
  const other = put(entities, {
    code: '91430981MA4L56787T',
    name: '沅江市洞庭渔业有限公司',
    kind: 'firm',
    phone: '0737-2725678',
    division: '430981107',
  })
  const reed = put(products, {
    code: 'CP001',
    name: '沅江芦笋(鲜)',
    crop: 'reed-shoot',
    category: 'vegetable',
    gtin: '02098100000011',
  })
  const rice = put(products, { code: 'CP004', name: '沅江大米', crop: 'rice', category: 'other' })
  const fish = put(products, { code: 'CP006', name: '南洞庭草鱼', crop: 'grass-carp', category: 'aquatic' })
  const plot = put(plots, {
    code: '4309811141000011',
    name: '芦苇场东 3 号',
    entity: coop,
    use: 'planting',
    crop: 'reed-shoot',
    area: 42.5,
    division: '430981114',
  })
  const plot2 = put(plots, {
    code: '4309811141000029',
    name: '芦苇场东 4 号',
    entity: coop,
    use: 'planting',
    crop: 'reed-shoot',
    area: 30,
    division: '430981114',
  })
  const drug = (
    code: string,
    name: string,
    toxicity: string,
    days: Record<string, number>,
    most?: number,
  ) => {
    const id = put(pesticides, { code, name: `${name}乳油`, kind: 'insecticide', substances: name, toxicity })
    for (const [crop, wait] of Object.entries(days))
      put(intervals, { pesticide: id, crop, days: wait, 'most-uses': most })
    return id
  }
  const chlorpyrifos = drug('YL-0002', '毒死蜱', 'medium', { rice: 21 }, 2)
  const imidacloprid = drug('YL-0003', '吡虫啉', 'low', { 'reed-shoot': 10, rice: 14 }, 2)
  const methomyl = drug('YL-0014', '灭多威', 'high', {})
  const unlisted = drug('YL-0099', '新药', 'low', {})
  put(bans, {
    substance: '灭多威',
    scope: ['all'],
    from: '2026-06-01',
    source: '农业农村部公告第 736 号',
    grade: 'secondary',
  })
  put(bans, {
    substance: '毒死蜱',
    scope: ['vegetable'],
    from: '2016-12-31',
    source: '农业部公告第 2032 号',
    grade: 'memory',
  })

  const mei: Actor = {
    id: 'zhoumei',
    name: '周梅',
    roles: ['trace-clerk'],
    division: '430981114',
    lang: 'zh',
    entity: coop,
  }
  const liu: Actor = {
    id: 'liujianguo',
    name: '刘建国',
    roles: ['department-clerk'],
    division: '430981',
    lang: 'zh',
  }
  const does = (
    who: Actor,
    verb: string,
    record: string | undefined,
    fields: Record<string, unknown>,
  ): Receipt => store.act(who, { id: newId(), name: verb, record, fields })
  /** A batch of 周梅's that began `ago` days back. */
  const batch = (ago = 60, product = reed, where = plot): string => {
    const receipt = does(mei, 'agri.batch.opened', undefined, {
      product,
      plot: where,
      started: daysAfter(today, -ago),
    })
    if (receipt.outcome !== 'accepted') throw new Error(receipt.message?.zh)
    return receipt.record!
  }
  const step = (id: string, verb: string, fields: Record<string, unknown>, who = mei) =>
    does(who, `agri.batch.${verb}`, id, fields)
  const spray = (id: string, ago: number, pesticide = imidacloprid, more: Record<string, unknown> = {}) =>
    step(id, 'farm-work-recorded', {
      kind: 'pesticide',
      on: daysAfter(today, -ago),
      pesticide,
      dose: 20,
      'dose-unit': 'g-mu',
      ...more,
    })
  const harvest = (id: string, ago: number, quantity = 320, more: Record<string, unknown> = {}) =>
    step(id, 'harvested', { on: daysAfter(today, -ago), quantity, ...more })
  const certify = (id: string, fields: Record<string, unknown> = {}) =>
    step(id, 'certified', { basis: ['control'], ...fields })
  const stateOf = (id: string) => store.look.read(batches, id)!.fields.state
  return {
    store,
    today,
    day: (ago: number) => daysAfter(today, -ago),
    coop,
    other,
    reed,
    rice,
    fish,
    plot,
    plot2,
    chlorpyrifos,
    imidacloprid,
    methomyl,
    unlisted,
    mei,
    liu,
    does,
    batch,
    step,
    spray,
    harvest,
    certify,
    stateOf,
  }
}
