// 承诺达标合格证 (order 4/2025 of the Ministry of Agriculture and Rural Affairs, in force since 1 February 2026).
// The rule at the end is the gate: whatever way a certificate comes in, it never says more than the records of its
// batch support. The verb only fills in what the clerk need not type.

import { type Look, rule, verb } from '../../kernel/acts.ts'
import type { RecOf } from '../../kernel/dataset.ts'
import { choices, date, decimal, text } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { numberText } from '../../kernel/words.ts'
import { entities } from '../base/dataset.ts'
import { cropWords } from './crops.ts'
import { batches, certificates, harvests, inspections, pesticides, products } from './dataset.ts'
import { dayWords } from './days.ts'
import { originOf } from './origin.ts'
import { forbidden, unknownWords, useInTheWay, usesOn, useUnknown, waitWords } from './safety.ts'
import { type Batch, mustBeOpen, settle } from './state.ts'

/** Fixed by the order, word for word. */
export const commitments = {
  producer: '未使用禁用农药、兽药及其他化合物；使用的常规农药、兽药残留不超标。',
  purchaser:
    '已按规定收取并保存该批次农产品承诺达标合格证或者其他质量安全合格证明；未违规使用保鲜剂、防腐剂、添加剂等。',
}

export const certifyBatch = verb('agri.batch.certified', {
  on: batches,
  main: true,
  title: { zh: '开具合格证', en: 'Issue a certificate' },
  done: { zh: '开具了承诺达标合格证', en: 'issued a certificate of commitment' },
  fields: {
    quantity: decimal({ zh: '数量', en: 'Quantity' })
      .unit('公斤', 'kg')
      .min(0.01)
      .optional()
      .hint('不填则为本批尚未开具的全部数量', 'Left empty: all of the batch not certified yet'),
    basis: choices(
      { zh: '承诺依据', en: 'Basis' },
      {
        control: { zh: '质量安全控制符合要求', en: 'Quality control meets the requirements' },
        'own-test': { zh: '自行检测合格', en: 'Passed own test' },
        'commissioned-test': { zh: '委托检测合格', en: 'Passed commissioned test' },
      },
    ),
    issued: date({ zh: '开具日期', en: 'Issued on' }).optional().hint('不填则为今天', 'Left empty: today'),
    contact: text({ zh: '联系方式', en: 'Contact' })
      .longest(40)
      .optional()
      .hint('不填则用经营主体登记的电话', 'Left empty: the operator’s telephone'),
  },
  when: (batch) => ['harvested', 'inspected', 'certified'].includes(batch.fields.state!),
  suggest: (batch) => ({ basis: [batch?.fields['state'] === 'inspected' ? 'own-test' : 'control'] }),
  decide(write, batch, input) {
    mustBeOpen(batch)
    const product = write.read(products, batch.fields.product)
    const entity = write.read(entities, batch.fields.entity)
    if (!product || !entity)
      refuse({
        zh: '找不到本批的产品或经营主体,请先补登',
        en: 'The product or the operator of the batch is missing; register it first.',
      })
    const issued = input.issued ?? write.today
    const left = certifiable(write, batch, issued)
    const quantity = input.quantity ?? left / 1000
    if (left <= 0) refuse(nothingLeft(write, batch, issued), { field: 'quantity' })
    const contact = input.contact ?? entity!.fields.phone
    // On a phone out of reach the operator's telephone may be masked; a certificate with stars on it is none.
    if (!contact || contact.includes('*'))
      refuse(
        { zh: '请填写联系方式,合格证上必须有', en: 'Fill in the contact; a certificate must show one.' },
        { field: 'contact' },
      )
    const inspection = fittingInspection(write, batch, input.basis, issued)?.id
    const issuedBefore = write.find(certificates, { batch: batch.id }).length
    write.create(certificates, {
      number: `${batch.fields.code}-${String(issuedBefore + 1).padStart(2, '0')}`,
      batch: batch.id,
      entity: batch.fields.entity,
      division: batch.fields.division,
      style: 'producer',
      product: product!.fields.name,
      quantity,
      origin: originOf(batch.fields.division),
      issuer: entity!.fields.name,
      contact: contact!,
      issued,
      commitment: commitments.producer,
      basis: input.basis,
      inspection,
      state: 'valid',
    })
    settle(write, batch)
  },
})

/** What a certificate says must be true of its batch on the day of issue, and never changes afterwards. */
export const certificateHolds = rule(certificates, (certificate, context) => {
  if (context.before) return onlyVoided(context.before, certificate, context.changed)
  const { fields } = certificate
  const batch = context.read(batches, fields.batch)
  if (!batch)
    refuse({ zh: '合格证要有对应的生产批次', en: 'A certificate needs its batch.' }, { field: 'batch' })
  if (fields.issued > context.today)
    refuse(
      { zh: '开具日期不能晚于今天', en: 'A certificate cannot be issued in the future.' },
      { field: 'issued' },
    )
  if (batch!.fields.state === 'held')
    refuse({
      zh: `本批已隔离,不能开具合格证。原因:${batch!.fields.held ?? ''}`,
      en: `The batch is held and cannot be certified. Because: ${batch!.fields.held ?? ''}`,
    })
  if (fields.commitment !== commitments[fields.style])
    refuse(
      { zh: '承诺内容由规定统一,不能改动', en: 'The words of the commitment are fixed by the order.' },
      { field: 'commitment' },
    )
  mustBeSafe(context, batch!, context.today)
  mustBalance(context, batch!, certificate)
  mustBeTested(context, certificate)
})

/** Harvested is the most that can be certified; correcting a harvest downwards must leave room for what was issued. */
export const harvestCovers = rule(harvests, (harvest, context) => {
  if (!context.before) return
  const [taken, given] = balance(context, harvest.fields.batch, '9999-12-31')
  if (given <= taken) return
  refuse(
    {
      zh: `本批已开具合格证 ${kilos(given)} 公斤,更正后采收只有 ${kilos(taken)} 公斤;请先作废多开的合格证`,
      en: `${kilos(given)} kg of this batch are certified, but only ${kilos(taken)} kg would be harvested. Void the surplus certificates first.`,
    },
    { field: 'quantity' },
  )
})

/** What can still be certified on a day, in grams: whole numbers, so that tenths of a kilo add up exactly. */
export function certifiable(look: Look, batch: Batch, day: string): number {
  const [taken, given] = balance(look, batch.id, day)
  return taken - given
}

function balance(look: Look, batch: string, day: string): [taken: number, given: number] {
  const grams = (kilograms: number) => Math.round(kilograms * 1000)
  const taken = look
    .find(harvests, { batch })
    .filter((each) => each.fields.on <= day)
    .reduce((sum, each) => sum + grams(each.fields.quantity), 0)
  const given = look
    .find(certificates, { batch, state: 'valid' })
    .reduce((sum, each) => sum + grams(each.fields.quantity), 0)
  return [taken, given]
}

function mustBalance(look: Look, batch: Batch, certificate: RecOf<typeof certificates>) {
  const [taken, given] = balance(look, batch.id, certificate.fields.issued)
  if (taken === 0) refuse(notHarvested, { field: 'quantity' })
  if (given <= taken) return
  const mine = Math.round(certificate.fields.quantity * 1000)
  const left = Math.max(taken - (given - mine), 0)
  refuse(
    {
      zh: `本批到 ${dayWords(certificate.fields.issued, certificate.fields.issued).zh}共采收 ${kilos(taken)} 公斤,已开具 ${kilos(given - mine)} 公斤,最多还能开具 ${kilos(left)} 公斤`,
      en: `${kilos(taken)} kg were harvested and ${kilos(given - mine)} kg are certified: at most ${kilos(left)} kg more.`,
    },
    { field: 'quantity' },
  )
}

function mustBeSafe(look: Look, batch: Batch, today: string) {
  const uses = usesOn(look, batch)
  for (const harvest of look.find(harvests, { batch: batch.id })) {
    const tooSoon = useInTheWay(uses, harvest.fields.on)
    if (tooSoon) {
      const wait = waitWords(tooSoon, today)
      const on = dayWords(harvest.fields.on, today)
      refuse({
        zh: `${wait.zh};本批 ${on.zh}已采收,不到安全间隔期,不能开具合格证`,
        en: `${wait.en}; the batch was harvested on ${on.en}, inside the interval, and cannot be certified.`,
      })
    }
    const unknown = useUnknown(uses, harvest.fields.on)
    if (unknown) refuse(unknownWords(unknown, cropWords(batch.fields.crop), today))
  }
  for (const use of uses) {
    const pesticide = look.read(pesticides, use.record.fields.pesticide)
    const why =
      pesticide && use.record.fields.batch === batch.id
        ? forbidden(look, pesticide, batch.fields.crop, use.on)
        : undefined
    if (why) refuse({ zh: `${why.zh},本批不能开具合格证`, en: `${why.en}; the batch cannot be certified.` })
  }
}

/** 用什么药、检什么药: a test as basis needs its report, of this batch, passed, and not younger than the certificate. */
function mustBeTested(look: Look, certificate: RecOf<typeof certificates>) {
  const { basis, inspection, batch, issued } = certificate.fields
  const kinds = testKinds(basis)
  if (kinds.length === 0) return
  const test = look.read(inspections, inspection)
  if (!test || test.fields.batch !== batch)
    refuse(
      {
        zh: '承诺依据选了检测合格,但本批没有对应的合格检测;请先登记检测,或改选「质量安全控制符合要求」',
        en: 'The basis is a passed test, but the batch has none of that kind. Record the inspection first, or choose quality control.',
      },
      { field: 'inspection' },
    )
  if (test!.fields.verdict !== 'pass')
    refuse(
      { zh: '所选检测不合格,不能作为承诺依据', en: 'That inspection was failed.' },
      { field: 'inspection' },
    )
  if (!kinds.includes(test!.fields.kind))
    refuse(
      { zh: '所选检测的方式与承诺依据不符', en: 'That inspection is of another kind than the basis says.' },
      { field: 'inspection' },
    )
  if (test!.fields.on > issued) {
    const day = dayWords(test!.fields.on, issued)
    refuse(
      {
        zh: `检测报告日期是 ${day.zh},合格证最早只能开 ${day.zh}`,
        en: `The test is of ${day.en}; the certificate cannot be issued before.`,
      },
      { field: 'issued' },
    )
  }
}

/** The latest the batch had passed by that day; when it passed only later, that one, so that the refusal can name the day. */
function fittingInspection(look: Look, batch: Batch, basis: string[], issued: string) {
  const passed = look
    .find(inspections, { batch: batch.id, verdict: 'pass' })
    .filter((each) => testKinds(basis).includes(each.fields.kind))
    .sort((a, b) => (a.fields.on < b.fields.on ? 1 : -1))
  return passed.find((each) => each.fields.on <= issued) ?? passed.at(-1)
}

const testKinds = (basis: string[]): string[] => [
  ...(basis.includes('own-test') ? ['rapid', 'own'] : []),
  ...(basis.includes('commissioned-test') ? ['commissioned'] : []),
]

function onlyVoided(before: RecOf<typeof certificates>, after: RecOf<typeof certificates>, changed: object) {
  const touched = Object.keys(changed).filter((name) => !['state', 'void-reason', 'voided-on'].includes(name))
  if (touched.length > 0 || after.withdrawn)
    refuse({
      zh: '合格证开具后不能修改或删除;写错了请作废后重开',
      en: 'An issued certificate is never changed or removed: void it and issue another.',
    })
  if (before.fields.state === 'void')
    refuse({
      zh: '这张合格证已经作废,不能恢复;请重新开具',
      en: 'This certificate is void and stays void; issue another.',
    })
}

function nothingLeft(look: Look, batch: Batch, day: string) {
  const [taken, given] = balance(look, batch.id, day)
  if (taken === 0) return notHarvested
  return {
    zh: `本批采收的 ${kilos(taken)} 公斤已全部开具合格证(${kilos(given)} 公斤);再采收后才能继续开具`,
    en: `All ${kilos(taken)} kg harvested are certified (${kilos(given)} kg); harvest more first.`,
  }
}

const notHarvested = {
  zh: '本批还没有采收记录;先登记采收,再开具合格证',
  en: 'Nothing of this batch was harvested yet; record the harvest first.',
}
const kilos = (grams: number) => numberText(grams / 1000, 3)
