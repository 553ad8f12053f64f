import { Button, More } from './button.tsx'
import { Diary, type DiaryLine } from './diary.tsx'
import { Icon, type IconName } from './icon.tsx'
import { type Child, classes, type Say } from './props.ts'
import { type Fate, Ticks } from './ticks.tsx'

export interface Fact {
  label: string
  value: Child
  unit?: string
  /** Takes both columns: long texts, pictures. */
  wide?: boolean
  /** Shown masked; `reveal` opens the page that asks for a reason. */
  masked?: boolean
  reveal?: string
  kind?: 'number' | 'code'
}

export interface DetailAct {
  title: string
  path: string
  /** The step most people take next: the only filled button. */
  main?: boolean
  danger?: boolean
  icon?: IconName
}

export interface DetailProps {
  t: Say
  title: string
  /** What it is: 地块, 批次. */
  kind?: string
  /** Tag or LevelTag. */
  state?: Child
  fate?: Fate
  /** One line under the title: who keeps it, since when. */
  note?: Child
  /** Between the head and the facts: how far it is, how long it has. */
  lead?: Child
  acts?: DetailAct[]
  facts: Fact[]
  /** Fact groups below the first, each with its heading. */
  groups?: { title: string; facts: Fact[] }[]
  /** A MapView; stands on the right. */
  map?: Child
  /** Extra blocks under the facts. */
  children?: Child
  history?: DiaryLine[]
  withdrawn?: boolean
}

/** A record: title with its state, the next step, the facts, where it is, and what happened to it. */
export function Detail(props: DetailProps) {
  const { t, title, kind, state, fate, note, acts = [], facts, groups = [], map, history } = props
  const main = acts.find((act) => act.main)
  const others = acts.filter((act) => act !== main)
  const near = others.filter((act) => !act.danger).slice(0, 3)
  const far = others.filter((act) => !near.includes(act))
  return (
    <article class={classes('detail', props.withdrawn && 'detail-withdrawn')}>
      <header class="detail-head">
        <div class="detail-name">
          {kind && <p class="detail-kind">{kind}</p>}
          <h1>
            {title} {state}
          </h1>
          {(note || fate) && (
            <p class="detail-note">
              {note} {fate && <Ticks t={t} fate={fate} withWord />}
            </p>
          )}
        </div>
        {acts.length > 0 && (
          <div class="detail-acts">
            {near.map((act) => (
              <Button title={act.title} path={act.path} icon={act.icon} />
            ))}
            {far.length > 0 && (
              <More title={t({ zh: '更多', en: 'More' })}>
                {far.map((act) => (
                  <Button
                    title={act.title}
                    path={act.path}
                    icon={act.icon}
                    look={act.danger ? 'danger' : 'quiet'}
                  />
                ))}
              </More>
            )}
            {main && <Button title={main.title} path={main.path} icon={main.icon} look="main" />}
          </div>
        )}
      </header>
      {hasSome(props.lead) && <div class="detail-lead">{props.lead}</div>}
      <div class={classes('detail-body', Boolean(map) && 'detail-with-map')}>
        <div class="detail-facts">
          <Facts t={t} facts={facts} />
          {groups.map((group) => (
            <section>
              <h2 class="block-title">{group.title}</h2>
              <Facts t={t} facts={group.facts} />
            </section>
          ))}
        </div>
        {map && <div class="detail-map">{map}</div>}
      </div>
      {props.children}
      {history && <Diary t={t} lines={history} />}
    </article>
  )
}

const hasSome = (child: Child) => (Array.isArray(child) ? child.length > 0 : Boolean(child))

/** Label and value pairs in two columns, one on phones. */
export function Facts({ t, facts }: { t: Say; facts: Fact[] }) {
  return (
    <dl class="facts">
      {facts.map((fact) => (
        <div class={classes('fact', fact.wide && 'fact-wide')}>
          <dt>{fact.label}</dt>
          <dd class={fact.kind && `fact-${fact.kind}`}>
            {fact.value === undefined || fact.value === null || fact.value === '' ? (
              <span class="nothing">—</span>
            ) : (
              fact.value
            )}
            {fact.unit && fact.value !== undefined && fact.value !== '' && (
              <span class="fact-unit">{fact.unit}</span>
            )}
            {fact.masked && !fact.reveal && (
              <Icon name="lock" size="small" label={t({ zh: '已遮蔽', en: 'Masked' })} />
            )}
            {fact.reveal && (
              <a class="reveal" href={fact.reveal}>
                <Icon name="eye" size="small" />
                {t({ zh: '说明事由后查看', en: 'Give a reason to see it' })}
              </a>
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** A titled block on a page: under the facts, on 今日. */
export function Block({
  title,
  more,
  children,
  id,
}: {
  title: string
  more?: Child
  children?: Child
  id?: string
}) {
  return (
    <section class="block" id={id}>
      <div class="block-head">
        <h2 class="block-title">{title}</h2>
        {more}
      </div>
      {children}
    </section>
  )
}
