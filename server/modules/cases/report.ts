import type { Look } from '../../kernel/acts.ts'
import { verb } from '../../kernel/acts.ts'
import { choice, division, files, geometry, long, phone, ref, text } from '../../kernel/fields.ts'
import { countyDay } from '../../kernel/words.ts'
import { cases, channels, kinds, levels } from './dataset.ts'

/** Someone says that something is wrong, or asks for something. Nothing is promised yet. */
export const reported = verb('cases.case.reported', {
  on: cases,
  title: { zh: '上报事件', en: 'Report a case' },
  done: { zh: '上报了事件', en: 'reported the case' },
  starts: true,
  main: true,
  fields: {
    content: long({ zh: '反映内容', en: 'What is wrong' }).hint(
      '什么事、什么时候开始、影响到谁',
      'What, since when, who is affected',
    ),
    title: text({ zh: '标题', en: 'Title' })
      .longest(60)
      .optional()
      .hint('不填时取反映内容的第一句', 'The first sentence when left empty'),
    category: ref('cases.category', { zh: '类别', en: 'Category' }).optional(),
    level: choice({ zh: '紧急程度', en: 'Urgency' }, levels).initial('blue').optional(),
    channel: choice({ zh: '来源', en: 'Channel' }, channels).initial('patrol').optional(),
    kind: choice({ zh: '性质', en: 'Kind' }, kinds).initial('event').optional(),
    division: division({ zh: '所属乡镇(街道)', en: 'Township' }).optional(),
    address: text({ zh: '地点描述', en: 'Address' }).longest(120).optional(),
    place: geometry({ zh: '地点', en: 'Place' }, 'Point').optional(),
    photos: files({ zh: '现场照片', en: 'Photos' }).pictures().optional(),
    reporter: text({ zh: '反映人', en: 'Reporter' }).longest(40).sensitive('mask').optional(),
    phone: phone({ zh: '联系电话', en: 'Phone' }).sensitive('mask').optional(),
    alert: ref('sensing.alert', { zh: '来源告警', en: 'Alert' }).optional(),
  },
  suggest: (_, actor) => ({
    level: 'blue',
    channel: 'patrol',
    kind: 'event',
    // A township worker reports from home ground; the centre has to be told which.
    ...(actor.division.length >= 9 ? { division: actor.division.slice(0, 9) } : {}),
  }),
  decide(write, _, input) {
    const division = input.division ?? write.actor.division
    write.create(cases, {
      ...input,
      level: input.level ?? 'blue',
      channel: input.channel ?? 'patrol',
      kind: input.kind ?? 'event',
      division,
      title: input.title ?? firstSentence(input.content),
      number: freeNumber(write, division, write.at, write.id),
      state: 'reported',
      reportedAt: write.at,
    })
  },
})

export function firstSentence(content: string): string {
  const first = content.trim().split(/[。!?!?;;\n]/)[0]!
  return first.length > 30 ? `${first.slice(0, 29)}…` : first
}

/**
 * 430981-20261121-04217: county, day, five digits from the act's own id, so that a phone out of reach and the box name
 * the same case the same way. Two alike on one day (1 day in 200 at 30 cases): the later one takes the next free digits.
 * A flood of reports (tens of thousands a day) runs into longer numbers, never into a refusal.
 */
function freeNumber(look: Look, division: string, at: string, act: string): string {
  const head = `${division.slice(0, 6)}-${countyDay(at).replaceAll('-', '')}`
  const own = Number.parseInt(act.slice(-8), 16)
  for (let step = 0; step < 40; step++) {
    const digits = step < 20 ? 5 : 9
    const number = `${head}-${String((own + step) % 10 ** digits).padStart(digits, '0')}`
    if (look.find(cases, { number }, 1).length === 0) return number
  }
  throw new Error(`forty cases in a row after ${head}-${own}`)
}
