import { html } from 'hono/html'
import { assetUrl } from './asset-url.ts'
import { Icon } from './icon.tsx'
import { type Child, classes, type Lang, type Level, type Say } from './props.ts'

export interface BigScreenProps {
  t: Say
  lang: Lang
  /** 沅江市综合运行 */
  title: string
  /** 3月5日 09:40, drawn by the server and kept going by the script. */
  now: string
  asOf?: string
  /** Said large when data are older than they should be. */
  stale?: string
  /** Headline numbers along the top. */
  head?: Child
  /** Three columns: left and right small blocks, the middle wide. */
  left?: Child
  middle?: Child
  right?: Child
  /** Address of the page itself: the parts are fetched again when something happened, at least every minute. */
  again: string
  /** Topics of /events that redraw the wall at once. */
  topics?: string[]
  needs?: ('map' | 'chart')[]
}

/** The operations room's wall: dark, no scroll, readable from six metres, 1920×1080 and 3840×2160. */
export function BigScreen({
  t,
  lang,
  title,
  now,
  asOf,
  stale,
  head,
  left,
  middle,
  right,
  again,
  topics = [],
  needs = [],
}: BigScreenProps) {
  return html`<!doctype html>${(
    <html lang={lang === 'zh' ? 'zh-CN' : 'en'} class="wall">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="icon" href={assetUrl('icon.svg')} type="image/svg+xml" />
        {needs.includes('map') && <link rel="stylesheet" href={assetUrl('map.css')} />}
        <link rel="stylesheet" href={assetUrl('screen.css')} />
        {/* First the wall's own script: it remembers the parts as sent, before maps and charts draw into them. */}
        <script src={assetUrl('screen.js')} defer />
        {needs.includes('map') && <script src={assetUrl('map.js')} defer />}
        {needs.includes('chart') && <script src={assetUrl('chart.js')} defer />}
      </head>
      <body class="wall-page" data-wall={again} data-wall-topics={topics.join(',')}>
        <header class="wall-top">
          <h1>{title}</h1>
          <p
            class={classes('wall-asof', stale && 'wall-stale')}
            role="status"
            data-wall-state
            data-lost={t({
              zh: '与本机的连接断开,画面停在',
              en: 'Connection to the box lost; picture stands at',
            })}
          >
            {stale ? (
              <>
                <Icon name="warn" /> {stale}
              </>
            ) : (
              asOf && t({ zh: `数据截至 ${asOf}`, en: `Data as of ${asOf}` })
            )}
          </p>
          <time class="wall-now" data-wall-now>
            {now}
          </time>
        </header>
        <main class="wall-body" id="wall">
          {head && <div class="wall-head">{head}</div>}
          <div class="wall-left">{left}</div>
          <div class="wall-middle">{middle}</div>
          <div class="wall-right">{right}</div>
        </main>
      </body>
    </html>
  )}`
}

/** A block of the wall. */
export function WallBlock({
  title,
  note,
  grow,
  children,
}: {
  title: string
  note?: string
  grow?: boolean
  children?: Child
}) {
  return (
    <section class={classes('wall-block', grow && 'wall-grow')}>
      <h2>
        {title}
        {note && <small>{note}</small>}
      </h2>
      {children}
    </section>
  )
}

/** A headline number, large enough for the back row. */
export function WallNumber({
  title,
  value,
  unit,
  note,
  level,
}: {
  title: string
  value: string
  unit?: string
  note?: string
  level?: Level
}) {
  return (
    <div class={classes('wall-number', level && `wall-${level}`)}>
      <p class="wall-number-title">{title}</p>
      <p class="wall-number-value">
        {value}
        {unit && <small>{unit}</small>}
      </p>
      {note && <p class="wall-number-note">{note}</p>}
    </div>
  )
}

export interface WallMatter {
  title: string
  place?: string
  since?: string
  who?: string
  level?: Level
  word?: string
}

/** Matters that need someone, a few at a time: the script turns the page every ten seconds. */
export function WallMatters({
  t,
  matters,
  perPage = 5,
  none,
}: {
  t: Say
  matters: WallMatter[]
  perPage?: number
  none: string
}) {
  if (matters.length === 0) return <p class="wall-none">{none}</p>
  const pages = Array.from({ length: Math.ceil(matters.length / perPage) }, (_, i) =>
    matters.slice(i * perPage, (i + 1) * perPage),
  )
  return (
    <div class="wall-matters" data-cycle>
      {pages.map((page, i) => (
        <ol hidden={i > 0} data-cycle-page>
          {page.map((each) => (
            <li class={each.level && `wall-${each.level}`}>
              <span class="wall-matter-level">{each.word}</span>
              <span class="wall-matter-title">{each.title}</span>
              <span class="wall-matter-place">{each.place}</span>
              <span class="wall-matter-since">{each.since}</span>
              <span class="wall-matter-who">{each.who}</span>
            </li>
          ))}
        </ol>
      ))}
      {pages.length > 1 && (
        <p class="wall-pages" data-cycle-at>
          {t({
            zh: `第 1 / ${pages.length} 页,共 ${matters.length} 件`,
            en: `Page 1 of ${pages.length}, ${matters.length} matters`,
          })}
        </p>
      )}
    </div>
  )
}
