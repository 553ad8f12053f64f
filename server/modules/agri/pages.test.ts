import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Hono } from 'hono'
import { type County, sampleCounty } from '../../../tests/county.ts'
import type { App, Env } from '../../http/module.ts'
import type { Actor } from '../../kernel/access.ts'
import { sayIn } from '../../kernel/words.ts'
import { base } from '../base/index.ts'
import { batches, certificates } from './dataset.ts'
import { dayWords } from './days.ts'
import { agri } from './index.ts'
import { reedScene } from './scene.ts'
import { waiting } from './waiting.ts'

let county: County
let s: ReturnType<typeof reedScene>
beforeEach(() => {
  county = sampleCounty({ modules: [base, agri] })
  s = reedScene(county.store)
})
afterEach(() => county.close())

const everybody: Actor = { id: 'public', name: '公众', roles: ['public'], division: '430981', lang: 'zh' }

/** The module's own routes, asked by one person, without the rest of the box. */
function appFor(actor: Actor): App {
  const app = new Hono<Env>()
  app.use('*', async (c, next) => {
    c.set('actor', actor)
    c.set('desk', county.desk(actor))
    c.set('lang', 'zh')
    c.set('t', sayIn('zh'))
    c.set('nonce', 'n')
    c.set('csrf', 'c')
    c.set('house', {
      county: { zh: '沅江市', en: 'Yuanjiang' },
      modules: [],
      openDesk: () => county.desk(everybody),
    })
    await next()
  })
  agri.publicPages!(app)
  agri.fieldPages!(app)
  return app
}
const get = async (path: string, actor = everybody) => {
  const answer = await appFor(actor).request(`http://box.test${path}`)
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}
const codeOf = (id: string) => s.store.look.read(batches, id)!.fields.code!
const paperOf = (id: string) => s.store.look.find(certificates, { batch: id })[0]!

/** Sprayed, harvested, tested and certified. */
function certified(): string {
  const id = s.batch()
  s.spray(id, 30, s.imidacloprid, { operator: '周梅' })
  s.harvest(id, 5, 320, { operator: '周梅' })
  s.step(id, 'inspected', {
    kind: 'rapid',
    sampled: s.day(4),
    on: s.day(4),
    items: '有机磷',
    verdict: 'pass',
  })
  s.certify(id, { basis: ['own-test'] })
  return id
}

describe('the public trace page', () => {
  test('tells product, place, producer and proofs to anybody, in well under 60 KB and without a script', async () => {
    const id = certified()
    const page = await get(`/t/${codeOf(id)}`)
    expect(page.status).toBe(200)
    const order = [
      '沅江芦笋(鲜)',
      '湖南省益阳市沅江市草尾镇',
      '芦苇场东 3 号',
      '草尾镇芦香种植专业合作社',
      '承诺达标合格证有效',
      '吡虫啉乳油',
    ]
    for (const each of order) expect(page.text).toContain(each)
    const places = ['>产品<', '>产地<', '>生产者<', '>承诺达标合格证<', '>检测<'].map((each) =>
      page.text.indexOf(each),
    )
    expect(places.every((at, i) => at > 0 && at > (places[i - 1] ?? 0))).toBe(true)
    expect(page.text.length).toBeLessThan(60_000)
    expect(page.text).not.toContain('<script')
  })

  test('holds no personal data: no telephone, no name of a person', async () => {
    const id = certified()
    const { text } = await get(`/t/${paperOf(id).fields.number}`)
    expect(text).not.toContain('周梅')
    expect(text).not.toContain('周*')
    expect(text).not.toMatch(/0737|1[3-9]\d{9}(?!\d)/)
  })

  test('is the same page for a clerk of another township', async () => {
    const id = certified()
    expect((await get(`/t/${codeOf(id)}`, county.people.cao)).status).toBe(200)
  })

  test('a void certificate says 已作废 and why', async () => {
    const id = certified()
    const paper = paperOf(id)
    s.does(s.mei, 'agri.certificate.voided', paper.id, { reason: '数量写错' })
    const { text } = await get(`/t/${paper.fields.number}`)
    expect(text).toContain('这张合格证已作废')
    expect(text).toContain('数量写错')
    expect(text).not.toContain('承诺达标合格证有效')
  })

  test('a held batch says that it should not be on sale', async () => {
    const id = certified()
    s.does(s.liu, 'agri.batch.inspected', id, {
      kind: 'supervised',
      sampled: s.day(1),
      on: s.today,
      items: '克百威',
      verdict: 'fail',
    })
    expect((await get(`/t/${codeOf(id)}`)).text).toContain('已隔离,不应出售')
  })

  test('a GS1 Digital Link leads to the same batch, and only with the right product', async () => {
    const id = certified()
    const gtin = '02098100000011'
    expect((await get(`/01/${gtin}/10/${codeOf(id)}`)).text).toContain('承诺达标合格证有效')
    expect((await get(`/01/${gtin.slice(1)}/10/${codeOf(id)}`)).status).toBe(200)
    const wrong = await get(`/01/02098100000028/10/${codeOf(id)}`)
    expect(wrong.status).toBe(404)
    expect((await get(`/01/02098100000019/10/${codeOf(id)}`)).text).toContain('商品条码不对')
  })

  test('an unknown or mistyped code gets a calm page that says what to do', async () => {
    const code = codeOf(certified())
    const mistyped = await get(`/t/${code.slice(0, -1)}${(Number(code.at(-1)) + 1) % 10}`)
    expect(mistyped.status).toBe(404)
    expect(mistyped.text).toContain('可能有一位输错')
    expect((await get('/t/<script>alert(1)</script>')).text).not.toContain('<script')
    expect((await get(`/t/${code}-77`)).status).toBe(404)
  })
})

describe('pages of the clerk', () => {
  test('the home page gives each batch one next step, and the day when it must wait', async () => {
    const resting = s.batch(40, s.reed, s.plot2)
    s.spray(resting, 2) // 10 days
    const ready = s.batch(50)
    s.harvest(ready, 2)
    s.step(ready, 'inspected', {
      kind: 'rapid',
      sampled: s.day(1),
      on: s.day(1),
      items: '有机磷',
      verdict: 'pass',
    })
    const { text } = await get('/trace', s.mei)
    expect(text).toContain(`安全间隔期内,最早 ${dayWords(s.day(-8), s.today).zh}可采收`)
    expect(text).toContain('检测合格,可开具 320 公斤')
    expect(text).toContain(`/d/agri.batch/${ready}/do/certified?quantity=320`)
  })

  test('the certificate prints in two copies with a code that leads to its own public page', async () => {
    const paper = paperOf(certified())
    const { text } = await get(`/trace/certificates/${paper.id}/print`, s.mei)
    expect(text.match(/<h1>承诺达标合格证<\/h1>/g)).toHaveLength(2)
    expect(text).toContain('未使用禁用农药、兽药及其他化合物；使用的常规农药、兽药残留不超标。')
    expect(text).toContain('☑ 自行检测合格')
    expect(text).toContain('☐ 质量安全控制符合要求')
    expect(text.match(/class="qr"/g)).toHaveLength(2)
  })

  test('labels come in the number asked for, and carry the words of the certificate only when there is one', async () => {
    const id = s.batch()
    expect((await get(`/trace/batches/${id}/labels?copies=3`, s.mei)).text).not.toContain('承诺达标合格证')
    s.harvest(id, 3)
    s.certify(id)
    const { text } = await get(`/trace/batches/${id}/labels?copies=3`, s.mei)
    expect(text.match(/<strong>承诺达标合格证<\/strong>/g)).toHaveLength(3)
  })

  test('what is held waits for the bureau, what passed its test waits for its clerk', async () => {
    const ready = s.batch(50)
    s.harvest(ready, 2)
    s.step(ready, 'inspected', {
      kind: 'rapid',
      sampled: s.day(1),
      on: s.day(1),
      items: '有机磷',
      verdict: 'pass',
    })
    const held = s.batch(60)
    s.harvest(held, 2)
    s.does(s.liu, 'agri.batch.inspected', held, {
      kind: 'supervised',
      sampled: s.day(1),
      on: s.today,
      items: '克百威',
      verdict: 'fail',
    })
    const mine = await waiting(county.desk(s.mei), sayIn('zh'))
    expect(mine.map((each) => each.button).sort()).toEqual(['开具合格证', '查看'])
    const theirs = await waiting(county.desk(s.liu), sayIn('zh'))
    expect(theirs).toHaveLength(1)
    expect(theirs[0]!.title).toContain('检测不合格')
  })

  test('a page never promises what the act would refuse', async () => {
    const id = s.batch(30)
    s.spray(id, 3)
    const { text } = await get('/trace', s.mei)
    expect(text).not.toContain(`/d/agri.batch/${id}/do/harvested`)
    expect(s.does(s.mei, 'agri.batch.harvested', id, { on: s.today, quantity: 5 }).outcome).toBe('refused')
  })
})
