// What a buyer sees after scanning a label: no login, no script, no personal data, one round trip.

import type { Context } from 'hono'
import css from '../../../web/styles/public.css' with { type: 'text' }
import { Icon, OpenHero, OpenPart, OpenSteps, PublicPage, Tag } from '../../../web/ui/index.ts'
import type { App, Env } from '../../http/module.ts'
import { gs1Check } from '../../kernel/checks.ts'
import { dateText, type Lang, numberText, type Say, sayIn, type Words } from '../../kernel/words.ts'
import { entities } from '../base/dataset.ts'
import { farmRecords, inspections } from './dataset.ts'
import { findByCode, findByLot, type OpenStory, openStory } from './story.ts'
import { spaced, traceCodeFault } from './trace-code.ts'

export function publicPages(app: App) {
  app.get('/t/:code', async (c) => {
    const asked = (c.req.param('code') ?? '').replaceAll(/\s/g, '')
    const [code = '', paper] = asked.split('-')
    const fault = traceCodeFault(code)
    if (fault) return unknown(c, asked, fault)
    return tell(c, asked, await findByCode(openDesk(c), code), paper && asked)
  })
  app.get('/01/:gtin/10/:lot', async (c) => {
    const { gtin, lot } = c.req.param()
    const wrong = !/^\d{8}$|^\d{12,14}$/.test(gtin) || gs1Check(gtin.slice(0, -1)) !== gtin.at(-1)
    if (wrong)
      return unknown(c, `${gtin} ${lot}`, {
        zh: '商品条码不对,可能有一位输错',
        en: 'The GTIN is not right: one digit is probably mistyped.',
      })
    return tell(c, lot, await findByLot(openDesk(c), gtin, lot))
  })
}

async function tell(
  c: Context<Env>,
  asked: string,
  batch: Awaited<ReturnType<typeof findByCode>>,
  number?: string,
) {
  const story = batch && (await openStory(openDesk(c), batch))
  if (!story || (number && !story.certificates.some((each) => each.fields.number === number)))
    return unknown(c, asked)
  return draw(
    c,
    story.product.fields.name,
    <Story story={story} number={number} lang={langOf(c)} t={sayIn(langOf(c))} />,
    200,
    story.operator.name,
  )
}

function unknown(c: Context<Env>, asked: string, why?: Words) {
  const t = sayIn(langOf(c))
  return draw(
    c,
    t({ zh: '没有查到这个溯源码', en: 'This trace code is not known here' }),
    <>
      <OpenHero
        title={t({ zh: '没有查到这个溯源码', en: 'This trace code is not known here' })}
        note={why ? t(why) : t({ zh: '本县没有登记这个批次。', en: 'This county has no such batch.' })}
        state={
          <p>
            <span class="code">{asked.slice(0, 40)}</span>
          </p>
        }
      />
      <OpenPart title={t({ zh: '可以这样核对', en: 'What you can do' })}>
        <ul class="open-list">
          <li>
            {t({
              zh: '对照标签重新输入 20 位数字,或重新扫码',
              en: 'Enter the 20 digits again as printed, or scan once more',
            })}
          </li>
          <li>
            {t({
              zh: '标签上的县名不是本县时,请到该县的追溯页面查询',
              en: 'If the label names another county, ask there',
            })}
          </li>
          <li>
            {t({
              zh: '怀疑标签是假的,请拨打 12345 或 12315 反映',
              en: 'If you suspect a forged label, call 12345 or 12315',
            })}
          </li>
        </ul>
      </OpenPart>
    </>,
    404,
  )
}

function Story({ story, number, t, lang }: { story: OpenStory; number?: string; t: Say; lang: Lang }) {
  const { batch, product, operator } = story
  const papers = number
    ? story.certificates.filter((each) => each.fields.number === number)
    : story.certificates
  const valid = papers.filter((each) => each.fields.state === 'valid')
  const passed = story.inspections.filter((each) => each.fields.verdict === 'pass')
  const kilos = (value: number) => t({ zh: `${numberText(value)} 公斤`, en: `${numberText(value)} kg` })
  const day = (on: string) => dateText(on, lang)
  return (
    <>
      <OpenHero
        title={product.fields.name}
        note={story.origin}
        state={
          <Proof
            story={story}
            valid={valid.length}
            voided={papers.length - valid.length}
            one={Boolean(number)}
            t={t}
          />
        }
      />
      <OpenPart
        title={t({ zh: '产品', en: 'Product' })}
        facts={[
          { label: t({ zh: '溯源码', en: 'Trace code' }), value: spaced(batch.fields.code ?? '') },
          { label: t({ zh: '开始生产', en: 'Begun' }), value: day(batch.fields.started) },
          ...(story.harvests.length > 0
            ? [
                {
                  label: t({ zh: '采收(捕捞)', en: 'Harvested' }),
                  value: story.harvests.map((each) => day(each.fields.on)).join(lang === 'zh' ? '、' : ', '),
                },
              ]
            : []),
          ...(product.fields['shelf-life']
            ? [
                {
                  label: t({ zh: '保质期', en: 'Shelf life' }),
                  value: t({
                    zh: `${product.fields['shelf-life']} 天`,
                    en: `${product.fields['shelf-life']} days`,
                  }),
                },
              ]
            : []),
        ]}
      />
      <OpenPart
        title={t({ zh: '产地', en: 'Place' })}
        facts={[
          { label: t({ zh: '产地', en: 'Origin' }), value: story.origin },
          {
            label: t({ zh: '地块', en: 'Plots' }),
            value: story.plots
              .map((each) =>
                t({
                  zh: `${each.name}(${numberText(each.area, 1)} 亩)`,
                  en: `${each.name} (${numberText(each.area, 1)} mu)`,
                }),
              )
              .join(lang === 'zh' ? '、' : ', '),
          },
        ]}
      />
      <OpenPart
        title={t({ zh: '生产者', en: 'Producer' })}
        facts={[
          { label: t({ zh: '承诺主体', en: 'Operator' }), value: operator.name },
          { label: t({ zh: '类型', en: 'Kind' }), value: word(entities, 'kind', operator.kind, t) },
          { label: t({ zh: '信用代码', en: 'Credit code' }), value: operator.code },
        ]}
      />
      <OpenPart title={t({ zh: '承诺达标合格证', en: 'Certificate of commitment' })}>
        {papers.length === 0 ? (
          <p>
            {t({ zh: '这个批次还没有开具合格证。', en: 'No certificate was issued for this batch yet.' })}
          </p>
        ) : (
          papers.map(({ fields }) => (
            <dl class={fields.state === 'void' ? 'open-void' : undefined}>
              <div>
                <dt>{t({ zh: '编号', en: 'Number' })}</dt>
                <dd>
                  {fields.number}{' '}
                  <Tag
                    title={
                      fields.state === 'void'
                        ? t({ zh: '已作废', en: 'Void' })
                        : t({ zh: '有效', en: 'Valid' })
                    }
                    tone={fields.state === 'void' ? 'bad' : 'good'}
                  />
                </dd>
              </div>
              <div>
                <dt>{t({ zh: '数量', en: 'Quantity' })}</dt>
                <dd>{kilos(fields.quantity)}</dd>
              </div>
              <div>
                <dt>{t({ zh: '开具日期', en: 'Issued' })}</dt>
                <dd>{day(fields.issued)}</dd>
              </div>
              {fields.state === 'void' ? (
                <div>
                  <dt>{t({ zh: '作废', en: 'Voided' })}</dt>
                  <dd>
                    {day(fields['voided-on'] ?? '')} {fields['void-reason']}
                  </dd>
                </div>
              ) : (
                <div>
                  <dt>{t({ zh: '承诺', en: 'Commitment' })}</dt>
                  <dd>{fields.commitment}</dd>
                </div>
              )}
            </dl>
          ))
        )}
      </OpenPart>
      <OpenPart title={t({ zh: '检测', en: 'Inspections' })}>
        {story.inspections.length === 0 ? (
          <p>
            {t({
              zh: '这个批次没有登记检测,承诺依据是质量安全控制。',
              en: 'No inspection was recorded; the commitment rests on quality control.',
            })}
          </p>
        ) : (
          <OpenSteps
            steps={story.inspections.map(({ fields }) => ({
              title: `${word(inspections, 'kind', fields.kind, t)} · ${word(inspections, 'verdict', fields.verdict, t)}`,
              when: day(fields.on),
              note: [fields.items, fields.method, fields.lab].filter(Boolean).join(' · '),
            }))}
          />
        )}
        {passed.length < story.inspections.length && (
          <p>
            {t({
              zh: '有不合格记录:不合格的批次不得出售,已开具的合格证随即作废。',
              en: 'A test was failed: such a batch must not be sold, and its certificates became void at once.',
            })}
          </p>
        )}
      </OpenPart>
      <OpenPart title={t({ zh: '用药与农事', en: 'Farm work' })}>
        {story.works.length === 0 ? (
          <p>{t({ zh: '没有农事记录。', en: 'No farm work recorded.' })}</p>
        ) : (
          <OpenSteps steps={works(story, t, day)} />
        )}
      </OpenPart>
    </>
  )
}

/** Whether the proof stands, in words first. */
function Proof({
  story,
  valid,
  voided,
  one,
  t,
}: {
  story: OpenStory
  valid: number
  voided: number
  one: boolean
  t: Say
}) {
  const say = (good: boolean, title: Words, more: Words, icon: 'done' | 'stop' | 'info') => (
    <div class={good ? 'open-state' : 'open-state open-state-bad'}>
      <Icon name={icon} />
      <div>
        {t(title)}
        <small>{t(more)}</small>
      </div>
    </div>
  )
  if (story.batch.fields.state === 'held')
    return say(
      false,
      { zh: '已隔离,不应出售', en: 'Held: should not be on sale' },
      { zh: '请停止食用并联系卖家,或拨打 12345', en: 'Do not eat it; ask the seller, or call 12345' },
      'stop',
    )
  if (valid > 0)
    return say(
      true,
      { zh: '承诺达标合格证有效', en: 'The certificate of commitment is valid' },
      {
        zh: '由生产者承诺并登记在县农产品溯源台账',
        en: 'Declared by the producer, kept in the county register',
      },
      'done',
    )
  if (voided > 0)
    return say(
      false,
      one
        ? { zh: '这张合格证已作废', en: 'This certificate is void' }
        : { zh: '合格证已作废', en: 'The certificate is void' },
      { zh: '不能作为达标凭证', en: 'It proves nothing any more' },
      'stop',
    )
  return say(
    false,
    { zh: '还没有开具合格证', en: 'Not certified yet' },
    { zh: '未附合格证的产品不应由企业和合作社出售', en: 'Firms and co-operatives must not sell it without' },
    'info',
  )
}

function works(story: OpenStory, t: Say, day: (on: string) => string) {
  const seen = new Set<string>()
  return story.works
    .filter(({ fields }) => {
      // One spraying of two plots is one line for a buyer.
      const name = `${fields.on}/${fields.kind}/${fields.pesticide ?? fields.input ?? ''}`
      return !seen.has(name) && Boolean(seen.add(name))
    })
    .map(({ fields }) => {
      const use = fields.kind === 'pesticide' ? story.uses.find((each) => each.on === fields.on) : undefined
      return {
        title: [word(farmRecords, 'kind', fields.kind, t), use?.name ?? fields.input]
          .filter(Boolean)
          .join(' · '),
        when: day(fields.on),
        note:
          use &&
          (use.days === undefined
            ? t({ zh: '安全间隔期未登记', en: 'Safety interval not registered' })
            : t({
                zh: `安全间隔期 ${use.days} 天,${day(use.earliest!)}起可采收`,
                en: `Safety interval ${use.days} days: harvest from ${day(use.earliest!)}`,
              })),
      }
    })
}

function word(
  dataset: { spec: { fields: Record<string, { options?: Record<string, Words> }> } },
  field: string,
  value: string,
  t: Say,
): string {
  const words = dataset.spec.fields[field]?.options?.[value]
  return words ? t(words) : value
}

function draw(c: Context<Env>, title: string, body: unknown, status: 200 | 404, operator?: string) {
  const lang = langOf(c)
  const t = sayIn(lang)
  // A void certificate must be seen as void the minute after; nothing in between may keep the page longer.
  c.header('cache-control', 'no-cache')
  return c.html(
    PublicPage({
      t,
      lang,
      title,
      county: t(c.var.house.county) + t({ zh: '农产品溯源', en: ' farm products' }),
      about: operator
        ? t({
            zh: `${title},${operator},产地、农事、检测和合格证`,
            en: `${title} of ${operator}: place, work, tests, certificate`,
          })
        : undefined,
      otherLang: `${c.req.path}?lang=${lang === 'zh' ? 'en' : 'zh'}`,
      inlineCss: { text: css, nonce: c.var.nonce },
      children: body as never,
    }) as unknown as string,
    status,
  )
}

const langOf = (c: Context<Env>): Lang => {
  const asked = c.req.query('lang')
  return asked === 'en' || asked === 'zh' ? asked : c.var.lang
}
const openDesk = (c: Context<Env>) => c.var.house.openDesk?.(langOf(c)) ?? c.var.desk
