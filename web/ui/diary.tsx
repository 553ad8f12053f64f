import type { Child, Say } from './props.ts'
import type { Fate } from './ticks.tsx'
import { Ticks } from './ticks.tsx'

export interface DiaryLine {
  /** Who, as people know them. */
  by: string
  /** 3月5日 09:12, in the county's time. */
  when: string
  /** ISO 8601, for machines that read the page. */
  at?: string
  /** 登记了采收 320 公斤. */
  did: Child
  /** Where it was born, when not on this box: 琼湖街道. */
  from?: string
  fate?: Fate
  /** Field by field, when the sentence does not say all: 面积(亩) 12 → 12.5. */
  changes?: { label: string; before?: string; after?: string }[]
  /** It came by somebody else's hand: 由周梅带回县里. */
  carried?: string
  /** The decider's clock was plainly wrong. */
  clock?: string
}

/** What happened to a record, in sentences: 周梅 于 3月5日 09:12 登记了采收 320 公斤. An empty title leaves the heading to the block around it. */
export function Diary({ t, lines, title }: { t: Say; lines: DiaryLine[]; title?: string }) {
  const name = title || t({ zh: '经过', en: 'History' })
  return (
    <section class="diary" aria-label={name}>
      {title !== '' && <h2 class="block-title">{name}</h2>}
      <ol>
        {lines.map((line) => (
          <li>
            <p>
              <strong>{line.by}</strong> {t({ zh: '于', en: 'on' })}{' '}
              <time datetime={line.at}>{line.when}</time> {line.did}
              {line.from && (
                <span class="diary-from">{t({ zh: `(来自${line.from})`, en: ` (from ${line.from})` })}</span>
              )}
              {line.fate && <Ticks t={t} fate={line.fate} />}
            </p>
            {line.carried && <p class="hint">{line.carried}</p>}
            {line.clock && <p class="hint">{line.clock}</p>}
            {line.changes && line.changes.length > 0 && (
              <details class="diary-changes" open={line.changes.length <= 3}>
                <summary>
                  {t({ zh: `${line.changes.length} 处改动`, en: `${line.changes.length} changes` })}
                </summary>
                <ul>
                  {line.changes.map((each) => (
                    <li>
                      <span class="diary-field">{each.label}</span>
                      {each.before !== undefined && (
                        <>
                          <del>{each.before || t({ zh: '空', en: 'empty' })}</del>
                          <span class="diary-arrow" aria-hidden="true">
                            →
                          </span>
                        </>
                      )}
                      <ins>{each.after || t({ zh: '空', en: 'empty' })}</ins>
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}
