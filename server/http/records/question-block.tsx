import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Block } from '../../../web/ui/detail.tsx'
import { Notice } from '../../../web/ui/notice.tsx'
import type { Rec } from '../../kernel/dataset.ts'
import { maskValue } from '../../kernel/fields.ts'
import { newId } from '../../kernel/ids.ts'
import { answer, type QuestionValue } from '../../kernel/questions.ts'
import { timeText } from '../../kernel/words.ts'
import type { Env } from '../module.ts'
import { stepPath } from './paths.ts'
import { readerFor, valueText } from './show.tsx'

/**
 * Two people decided about the same field: what it was, what each of them wrote and when, and a button under each. Choosing
 * again later undoes it, so the buttons stay.
 */
export async function questionBlock(c: Context<Env>, question: Rec) {
  const { desk, t, lang } = c.var
  const fields = question.fields as Record<
    'dataset' | 'record' | 'values' | 'standingBy' | 'standingAt' | 'otherBy' | 'otherAt' | 'state' | 'taken',
    string
  >
  const spec = desk.registry.datasets.get(fields.dataset)?.spec
  if (!spec || !desk.mayRead(spec.name)) return null
  const values = Object.entries(JSON.parse(fields.values) as Record<string, QuestionValue>)
  const reader = await readerFor(
    desk,
    { t, lang },
    spec,
    values.flatMap(([name, value]) =>
      [value.base, value.standing, value.other].map((each) => ({ [name]: each })),
    ),
  )
  const text = (name: string, value: unknown) => {
    const field = spec.fields[name]
    if (!field) return String(value ?? '')
    if (field.sensitive) return String(maskValue(field, value) ?? '')
    const said = valueText(reader, field, value)
    return said ? `${said}${field.unit ? ` ${t(field.unit)}` : ''}` : t({ zh: '空', en: 'empty' })
  }
  const open = fields.state !== 'answered'
  const now = open || fields.taken === 'standing' ? 'standing' : 'other'
  const sides = [
    { side: 'standing' as const, by: fields.standingBy, at: fields.standingAt },
    { side: 'other' as const, by: fields.otherBy, at: fields.otherAt },
  ]
  const may = desk.may(answer.name) && question.division.startsWith(c.var.actor.division)
  return (
    <Block
      title={t({ zh: '两处填的不一样', en: 'Two values for one field' })}
      more={
        <a href={`/d/${fields.dataset}/${fields.record}`}>{t({ zh: '打开原记录', en: 'Open the record' })}</a>
      }
    >
      <Notice tone={open ? 'warn' : 'good'}>
        {open
          ? t({
              zh: '两个人互不知道,改了同一处。两份都还在,问清楚后选一份;选错了可以再选。',
              en: 'Two people changed the same thing without knowing. Both values are kept: ask, then choose one. You can choose again.',
            })
          : t({
              zh: '已经选定。另一份还在,选错了可以再选。',
              en: 'Chosen. The other is kept; you can choose again.',
            })}
      </Notice>
      <div class="sides">
        {sides.map(({ side, by, at }) => (
          <section class={side === now ? 'side-now' : undefined} aria-label={by}>
            <h3>
              {side === now ? t({ zh: '现在用的', en: 'In use' }) : t({ zh: '另一处填的', en: 'The other' })}
            </h3>
            <p class="hint">{t({ zh: `${by} ${timeText(at)} 填的`, en: `${by}, ${timeText(at, 'en')}` })}</p>
            <dl class="facts">
              {values.map(([name, value]) => (
                <div class="fact">
                  <dt>{spec.fields[name] ? t(spec.fields[name].label) : name}</dt>
                  <dd>
                    <strong>{text(name, value[side])}</strong>
                    <small>
                      {t({ zh: `原来是 ${text(name, value.base)}`, en: `was ${text(name, value.base)}` })}
                    </small>
                  </dd>
                </div>
              ))}
            </dl>
            {may && (open || side !== now) && (
              <form method="post" action={stepPath(question.dataset, answer.name, question.id)}>
                <input type="hidden" name="_csrf" value={c.var.csrf} />
                <input type="hidden" name="_act" value={newId()} />
                <Button
                  title={
                    open && side === now
                      ? t({ zh: '就用这份', en: 'Keep this one' })
                      : t({ zh: '改用这份', en: 'Use this one' })
                  }
                  name="take"
                  value={side}
                  look={open ? 'main' : 'plain'}
                />
              </form>
            )}
          </section>
        ))}
      </div>
    </Block>
  )
}
