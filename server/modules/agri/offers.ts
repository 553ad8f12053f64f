// What the forms of a batch need not ask again: the work done before, the drugs registered for its crop, what is left to
// certify. «The same form filled in ten times» ends here.

import type { Offer } from '../../http/module.ts'
import type { Rec, RecOf } from '../../kernel/dataset.ts'
import type { Desk } from '../../kernel/desk.ts'
import { countyDay, numberText, type Say } from '../../kernel/words.ts'
import { entities } from '../base/dataset.ts'
import { certifiable } from './certify.ts'
import { certificates, farmRecords, intervals } from './dataset.ts'
import { gather } from './gather.ts'
import type { Batch } from './state.ts'

interface Asked {
  desk: Desk
  t: Say
  record?: Rec
}
type Work = RecOf<typeof farmRecords>

const most = 3
/** What makes two pieces of work the same work on another day. */
const repeated = ['kind', 'pesticide', 'input', 'maker', 'dose', 'dose-unit', 'target'] as const

/** The batch's own work first, then the operator's on the same crop: most entries repeat last week's. */
export async function offerWork({ desk, t, record }: Asked): Promise<Offer> {
  const batch = record as Batch | undefined
  if (!batch || !desk.mayRead(farmRecords)) return {}
  const { entity, crop } = batch.fields
  const [own, others, known] = await Promise.all([
    desk.list(farmRecords, { filter: { batch: batch.id }, sort: '-on', limit: 30 }),
    desk.list(farmRecords, { filter: { entity }, sort: '-on', limit: 60 }),
    desk.mayRead(intervals) ? desk.list(intervals, { filter: { crop }, limit: 20 }) : { records: [] },
  ])
  const sameCrop = await onCrop(desk, others.records as Work[], crop)
  const works = [...(own.records as Work[]), ...sameCrop]
  const drugs = [
    ...works.map((each) => each.fields.pesticide),
    ...known.records.map((each) => each.fields['pesticide'] as string),
  ].filter((each) => each !== undefined)
  const names = await desk.labels(drugs)
  const again = new Map<string, NonNullable<Offer['again']>[number]>()
  for (const { fields } of works) {
    const title = workWords(t, fields, names)
    if (again.has(title)) continue
    again.set(title, {
      title,
      values: Object.fromEntries(
        repeated.flatMap((name) => (fields[name] === undefined ? [] : [[name, String(fields[name])]])),
      ),
    })
    if (again.size === most) break
  }
  return { picks: { pesticide: [...new Set(drugs)] }, again: [...again.values()] }
}

/** All that is left, and the telephone on the operator's last certificate: the register's own may be masked here. */
export async function offerCertificate({ desk, record }: Asked): Promise<Offer> {
  const batch = record as Batch | undefined
  if (!batch) return {}
  const { entity } = batch.fields
  const [look, operator, before] = await Promise.all([
    gather(desk, [batch]),
    desk.mayRead(entities) ? desk.read(entities, entity) : undefined,
    desk.list(certificates, { filter: { entity }, sort: '-issued', limit: 1 }),
  ])
  const left = certifiable(look, batch, countyDay()) / 1000
  const phone = operator?.fields.phone
  const contact = phone && !phone.includes('*') ? phone : before.records[0]?.fields['contact']
  return { values: { ...(left > 0 && { quantity: left }), ...(contact !== undefined && { contact }) } }
}

async function onCrop(desk: Desk, works: Work[], crop: string): Promise<Work[]> {
  const ids = [...new Set(works.map((each) => each.fields.batch))].slice(0, 12)
  const found = await Promise.all(ids.map((id) => desk.read('agri.batch', id)))
  const same = new Set(found.filter((each) => each?.fields['crop'] === crop).map((each) => each!.id))
  return works.filter((each) => same.has(each.fields.batch))
}

/** 用药 · 氯虫苯甲酰胺 30 毫升/亩. */
function workWords(t: Say, fields: Work['fields'], names: Map<string, string>): string {
  const word = (field: 'kind' | 'dose-unit') => {
    const words = farmRecords.spec.fields[field]!.options?.[String(fields[field])]
    return words ? t(words) : ''
  }
  const dose = fields.dose === undefined ? '' : `${numberText(fields.dose)} ${word('dose-unit')}`
  const what = fields.pesticide ? names.get(fields.pesticide) : fields.input
  return [word('kind'), [what, dose].filter(Boolean).join(' ')].filter(Boolean).join(' · ')
}
