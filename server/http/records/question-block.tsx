import type { Context } from 'hono'
import { Block } from '../../../web/ui/detail.tsx'
import { Table } from '../../../web/ui/table.tsx'
import type { Rec } from '../../kernel/dataset.ts'
import { maskValue } from '../../kernel/fields.ts'
import type { QuestionValue } from '../../kernel/questions.ts'
import { timeText } from '../../kernel/words.ts'
import type { Env } from '../module.ts'
import { readerFor, valueText } from './show.tsx'

/** Two people decided about the same field: what it was, what stands, what the other wrote, and the record it is about. */
export async function questionBlock(c: Context<Env>, question: Rec) {
  const { desk, t, lang } = c.var
  const fields = question.fields as Record<
    'dataset' | 'record' | 'values' | 'standingBy' | 'standingAt' | 'otherBy' | 'otherAt',
    string
  >
  const spec = desk.registry.datasets.get(fields.dataset)?.spec
  if (!spec) return null
  const values = JSON.parse(fields.values) as Record<string, QuestionValue>
  const sides = Object.entries(values).flatMap(([name, value]) =>
    [value.base, value.standing, value.other].map((each) => ({ [name]: each })),
  )
  const reader = await readerFor(desk, { t, lang }, spec, sides)
  const text = (name: string, value: unknown) => {
    const field = spec.fields[name]
    if (!field) return String(value ?? '')
    return field.sensitive
      ? String(maskValue(field, value) ?? '')
      : valueText(reader, field, value) || t({ zh: '空', en: 'empty' })
  }
  const by = (who: string, when: string) => `${who} · ${timeText(when, lang)}`
  return (
    <Block
      title={t({ zh: '三方内容', en: 'What each side says' })}
      more={
        <a href={`/d/${fields.dataset}/${fields.record}`}>{t({ zh: '打开原记录', en: 'Open the record' })}</a>
      }
    >
      <Table
        t={t}
        id="sides"
        caption={t({ zh: '三方内容', en: 'What each side says' })}
        columns={[
          { title: t({ zh: '字段', en: 'Field' }) },
          { title: t({ zh: '原来', en: 'Before' }) },
          {
            title: t({
              zh: `现值(${by(fields.standingBy, fields.standingAt)})`,
              en: `Standing (${by(fields.standingBy, fields.standingAt)})`,
            }),
          },
          {
            title: t({
              zh: `另一值(${by(fields.otherBy, fields.otherAt)})`,
              en: `Other (${by(fields.otherBy, fields.otherAt)})`,
            }),
          },
        ]}
        rows={Object.entries(values).map(([name, value]) => ({
          id: name,
          cells: [
            spec.fields[name] ? t(spec.fields[name].label) : name,
            text(name, value.base),
            text(name, value.standing),
            text(name, value.other),
          ],
        }))}
        empty={{ text: '—' }}
      />
    </Block>
  )
}
