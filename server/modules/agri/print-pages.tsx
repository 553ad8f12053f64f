// Paper: the certificate in two copies (one for the buyer, one kept six months), and labels for the boxes.

import type { Context } from 'hono'
import { qrSvg } from '../../../web/qr.ts'
import { PrintPage, Sheet, SheetFacts } from '../../../web/ui/index.ts'
import type { Env } from '../../http/module.ts'
import type { RecOf } from '../../kernel/dataset.ts'
import { refuse } from '../../kernel/refusal.ts'
import { dateText, numberText } from '../../kernel/words.ts'
import { entities } from '../base/dataset.ts'
import { batches, certificates, harvests, products } from './dataset.ts'
import { originOf } from './origin.ts'
import { spaced } from './trace-code.ts'

export async function printCertificate(c: Context<Env>) {
  const { desk, t, lang } = c.var
  const certificate = await desk.read(certificates, c.req.param('id') ?? '')
  if (!certificate) return notThere()
  return c.html(
    PrintPage({
      t,
      lang,
      title: t({ zh: '打印承诺达标合格证', en: 'Print the certificate' }),
      paper: 'a4',
      back: `/d/agri.certificate/${certificate.id}`,
      children: (
        <Sheet>
          <Paper
            c={c}
            certificate={certificate}
            copy={t({ zh: '第一联 随货同行', en: 'Copy 1: goes with the goods' })}
          />
          <hr class="cut" />
          <Paper
            c={c}
            certificate={certificate}
            copy={t({
              zh: '第二联 开具者留存(不少于六个月)',
              en: 'Copy 2: kept by the issuer, six months at least',
            })}
          />
        </Sheet>
      ),
    }) as unknown as string,
  )
}

function Paper({
  c,
  certificate,
  copy,
}: {
  c: Context<Env>
  certificate: RecOf<typeof certificates>
  copy: string
}) {
  const { fields } = certificate
  const ticked = (basis: string) => ((fields.basis as string[]).includes(basis) ? '☑' : '☐')
  const options = certificates.spec.fields['basis']!.options!
  // The words of the order stand in Chinese, whatever language the clerk reads.
  return (
    <section class="certificate">
      {fields.state === 'void' && <p class="certificate-void">已作废</p>}
      <h1>承诺达标合格证</h1>
      <p class="certificate-copy">{copy}</p>
      <p class="certificate-words">承诺内容:{fields.commitment}</p>
      <p class="certificate-basis">
        承诺依据:
        {Object.entries(options).map(([name, words]) => (
          <span>
            {ticked(name)} {words.zh}
          </span>
        ))}
      </p>
      <div class="certificate-body">
        <SheetFacts
          facts={[
            { label: '产品名称', value: fields.product },
            { label: '数量(重量)', value: `${numberText(fields.quantity, 3)} 公斤` },
            { label: '产地', value: fields.origin },
            { label: '生产者(盖章或签名)', value: fields.issuer },
            { label: '联系方式', value: fields.contact },
            { label: '开具日期', value: dateText(fields.issued) },
            { label: '编号', value: fields.number },
          ]}
        />
        <div class="certificate-code">
          {qrSvg(traceAddress(c, fields.number ?? ''), { title: '承诺达标合格证', correction: 'M' })}
          <strong>承诺达标合格证</strong>
          <span>扫码查询产地、检测和真伪</span>
        </div>
      </div>
    </section>
  )
}

/** One label for each box; how many is asked in the address. */
export async function printLabels(c: Context<Env>) {
  const { desk, t, lang } = c.var
  const batch = await desk.read(batches, c.req.param('id') ?? '')
  if (!batch) return notThere()
  const copies = Math.min(Math.max(Number(c.req.query('copies')) || 6, 1), 200)
  const [product, entity, taken, papers] = await Promise.all([
    desk.read(products, batch.fields.product),
    desk.read(entities, batch.fields.entity),
    desk.list(harvests, { filter: { batch: batch.id }, sort: '-on', limit: 1 }),
    desk.list(certificates, { filter: { batch: batch.id, state: 'valid' }, limit: 1 }),
  ])
  const code = batch.fields.code ?? ''
  return c.html(
    PrintPage({
      t,
      lang,
      title: t({ zh: `打印标签 ${copies} 张`, en: `Print ${copies} labels` }),
      paper: 'label-60x40',
      back: `/d/agri.batch/${batch.id}`,
      children: Array.from({ length: copies }, () => (
        <Sheet label>
          <div class="label-left">
            {qrSvg(traceAddress(c, code), { title: code, correction: 'M', quiet: 2 })}
            {papers.records.length > 0 ? <strong>承诺达标合格证</strong> : <span>扫码追溯</span>}
          </div>
          <div>
            <strong>{product?.fields.name}</strong>
            <div>{entity?.fields.name}</div>
            <div>{originOf(batch.fields.division)}</div>
            {taken.records[0] && <div>采收 {dateText(taken.records[0].fields.on)}</div>}
            <div class="label-code">{spaced(code).replace(/^(.{11}) /, '$1\n')}</div>
          </div>
        </Sheet>
      )),
    }) as unknown as string,
  )
}

/** Where the code leads: the county's public address when one is set, else the address this page was asked at. */
export function traceAddress(c: Context<Env>, code: string): string {
  const set = c.var.box?.store.fact('public-address')
  return `${set?.replace(/\/+$/, '') ?? new URL(c.req.url).origin}/t/${code}`
}

const notThere = (): never =>
  refuse(
    {
      zh: '找不到这条记录,它可能不在您的辖区',
      en: 'This record cannot be found; it may be outside your area.',
    },
    { kind: 'missing' },
  )
