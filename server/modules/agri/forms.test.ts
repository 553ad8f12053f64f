// The forms of a batch as a clerk finds them: they offer what is known, and ask no more than the answer calls for.

import { afterEach, beforeEach, expect, test } from 'bun:test'
import { Hono } from 'hono'
import { type County, sampleCounty } from '../../../tests/county.ts'
import type { Env } from '../../http/module.ts'
import { fieldPages } from '../../http/records/field-pages.ts'
import { sayIn } from '../../kernel/words.ts'
import { base } from '../base/index.ts'
import { agri } from './index.ts'
import { reedScene } from './scene.ts'

let county: County
let s: ReturnType<typeof reedScene>
beforeEach(() => {
  county = sampleCounty({ modules: [base, agri] })
  s = reedScene(county.store)
})
afterEach(() => county.close())

function ask(path: string, form?: Record<string, string>) {
  const app = new Hono<Env>()
  app.use('*', async (c, next) => {
    c.set('actor', s.mei)
    c.set('desk', county.desk(s.mei))
    c.set('lang', 'zh')
    c.set('t', sayIn('zh'))
    c.set('csrf', '')
    c.set('nonce', '')
    c.set('house', { county: { zh: '沅江市', en: 'Yuanjiang' }, modules: [base, agri] })
    await next()
  })
  fieldPages(app)
  return app.request(path, form && { method: 'POST', body: new URLSearchParams(form) })
}
const read = async (path: string, form?: Record<string, string>) => (await ask(path, form)).text()

test('work done before is repeated in one tap, and its drug stands before the search', async () => {
  const batch = s.batch()
  s.spray(batch, 30, s.imidacloprid, { dose: 20, 'dose-unit': 'ml-mu', target: '蚜虫' })
  const form = `/d/agri.batch/${batch}/do/farm-work-recorded`
  const page = await read(form)
  const again = /<a class="chip" href="([^"]+)"[^>]*>([^<]+)</.exec(page)!
  expect(again[2]).toBe('用药 · 吡虫啉乳油 20 毫升/亩')
  const filled = await read(again[1]!.replaceAll('&amp;', '&'))
  expect(filled).toContain('value="蚜虫"')
  expect(filled).toContain('value="20"')
  expect(page).toContain(`data-pick-value="${s.imidacloprid}"`)
  // Another day is another entry: the date is not repeated.
  expect(again[1]).not.toContain('on=')
})

test('the question whether it was used all the same comes only when the refusal names it', async () => {
  const batch = s.batch()
  const form = `/d/agri.batch/${batch}/do/farm-work-recorded`
  const late = 'name="admitted"'
  expect(await read(form)).not.toContain(late)
  expect(await read(form, { kind: 'pesticide', on: s.day(1) })).not.toContain(late)
  const refused = await read(form, { kind: 'pesticide', on: s.day(1), pesticide: s.methomyl })
  expect(refused).toContain('确已使用,如实登记')
  expect(refused).toContain(late)
  const told = await ask(form, {
    kind: 'pesticide',
    on: s.day(1),
    pesticide: s.methomyl,
    admitted: 'true',
  })
  expect(told.status).toBe(303)
  expect(county.store.record(batch)!.fields.state).toBe('held')
})

test('a certificate opens with all that is left and the telephone of the last one', async () => {
  const batch = s.batch()
  s.harvest(batch, 5, 320)
  s.certify(batch, { quantity: 120, contact: '0737-2729999', basis: ['control'] })
  const page = await read(`/d/agri.batch/${batch}/do/certified`)
  expect(/name="quantity" value="([^"]*)"/.exec(page)?.[1]).toBe('200')
  expect(/name="contact" value="([^"]*)"/.exec(page)?.[1]).toBe('0737-2729999')
})

test('a batch is called by its product and plot, its number beside', async () => {
  const batch = s.batch()
  const page = await read(`/d/agri.batch/${batch}`)
  expect(page).toMatch(/<h1>\s*沅江芦笋\(鲜\) · 芦苇场东 3 号/)
  expect(page).toContain(`生产批次 ${county.store.record(batch)!.fields.code}`)
})
