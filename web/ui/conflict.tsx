import { Button } from './button.tsx'
import { Notice } from './notice.tsx'
import type { Link, Say } from './props.ts'

export interface Clash {
  field: string
  label: string
  /** As both knew it, as the other left it, as this person typed it: already readable. */
  base: string
  theirs: string
  mine: string
  by: string
  when: string
}

export interface ConflictProps {
  t: Say
  title: string
  clashes: Clash[]
  action: string
  csrf: string
  /** The person's whole form goes along, so that nothing typed is lost. Names as in the form. */
  carried: [string, string][]
  /** The version now: the next save is made against it. */
  version: number
  back: Link
}

/** Someone was here meanwhile: both values, field by field, and the person chooses. Nothing is lost either way. */
export function ConflictView({ t, title, clashes, action, csrf, carried, version, back }: ConflictProps) {
  return (
    <form class="conflict" method="post" action={action}>
      <input type="hidden" name="_csrf" value={csrf} />
      <input type="hidden" name="_base" value={version} />
      {carried.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <h1>{title}</h1>
      <Notice
        tone="warn"
        title={t({
          zh: `您填写时,有 ${clashes.length} 项已被别人改过`,
          en: `While you were writing, ${clashes.length} fields were changed by someone else`,
        })}
      >
        {t({
          zh: '您填的都还在。每项选一个,再保存;没列出的不受影响。',
          en: 'All you wrote is still here. Choose for each field and save; fields not listed are not affected.',
        })}
      </Notice>
      {clashes.map((clash) => (
        <fieldset class="clash">
          <legend>
            {clash.label}
            <small>
              {t({ zh: '原来是', en: 'It was' })} {clash.base || t({ zh: '空', en: 'empty' })}
            </small>
          </legend>
          <label class="tickable clash-side">
            <input type="radio" name={`_keep.${clash.field}`} value="mine" checked />
            <span>
              <small>{t({ zh: '您填的', en: 'Yours' })}</small>
              <strong>{clash.mine || t({ zh: '空', en: 'empty' })}</strong>
            </span>
          </label>
          <label class="tickable clash-side">
            <input type="radio" name={`_keep.${clash.field}`} value="theirs" />
            <span>
              <small>
                {t({ zh: `${clash.by} 于 ${clash.when} 改为`, en: `${clash.by} wrote on ${clash.when}` })}
              </small>
              <strong>{clash.theirs || t({ zh: '空', en: 'empty' })}</strong>
            </span>
          </label>
        </fieldset>
      ))}
      <div class="form-acts">
        <Button
          title={t({ zh: '按所选保存', en: 'Save as chosen' })}
          look="main"
          more={{ 'data-save': '' }}
        />
        <Button title={back.title} path={back.path} look="quiet" />
      </div>
    </form>
  )
}
