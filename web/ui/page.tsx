import { html } from 'hono/html'
import { assetUrl } from './asset-url.ts'
import { Icon, type IconName } from './icon.tsx'
import { type LineProps, LineState } from './line.tsx'
import { Notice } from './notice.tsx'
import { type Child, classes, type Lang, type Link, type Say, type Tone } from './props.ts'

export type Place =
  | 'today'
  | 'map'
  | 'trace'
  | 'sensing'
  | 'cases'
  | 'registers'
  | 'numbers'
  | 'sync'
  | 'system'

export const places: { place: Place; title: { zh: string; en: string }; path: string }[] = [
  { place: 'today', title: { zh: '今日', en: 'Today' }, path: '/' },
  { place: 'map', title: { zh: '地图', en: 'Map' }, path: '/map' },
  { place: 'trace', title: { zh: '溯源', en: 'Trace' }, path: '/trace' },
  { place: 'sensing', title: { zh: '感知', en: 'Sensing' }, path: '/sensing' },
  { place: 'cases', title: { zh: '事件', en: 'Cases' }, path: '/cases' },
  { place: 'registers', title: { zh: '台账', en: 'Registers' }, path: '/registers' },
  { place: 'numbers', title: { zh: '指标', en: 'Numbers' }, path: '/numbers' },
  { place: 'sync', title: { zh: '与上级同步', en: 'Sync' }, path: '/sync' },
  { place: 'system', title: { zh: '系统', en: 'System' }, path: '/system' },
]

/** A place of the menu as this person may see it. Places without entries and without a page of their own are left out by the caller. */
export interface MenuPlace {
  place: Place
  title: string
  path: string
  /** What waits there: shown as a small number. */
  count?: number
  entries?: Link[]
}

export interface PageProps {
  t: Say
  lang: Lang
  /** First in the window title, so that tabs can be told apart. */
  title: string
  /** 沅江市 */
  county: string
  /** Nobody is logged in when absent. */
  person?: { name: string; role?: string }
  menu?: MenuPlace[]
  here?: Place
  /** The address now, to mark the entry in the menu. */
  path?: string
  line?: Omit<LineProps, 't'>
  csrf?: string
  flash?: { tone: Tone; text: string }
  /** Seen over plain http: says quietly what that leaves out. */
  plain?: boolean
  /** Way back up: list, record. */
  crumbs?: Link[]
  /** Bundles beyond app.js that the page needs. */
  needs?: ('map' | 'chart' | 'field' | 'join' | 'give' | 'take')[]
  /** Uses the whole width: maps, wide tables. */
  wide?: boolean
  /** One thing to do here, a form: phones leave out what leads elsewhere, but for the way back. */
  task?: boolean
  /** `error` keeps drafts that were being sent when it happened. */
  kind?: 'error'
  /** At most five for the phone's bottom bar; the first four places and 更多 when absent. */
  bottom?: Place[]
  children?: Child
}

/** The office page: slim top bar, what people do on the left, the work in the middle. */
export function Page(props: PageProps) {
  const {
    t,
    lang,
    title,
    county,
    person,
    menu = [],
    here,
    path,
    line,
    csrf,
    flash,
    crumbs = [],
    needs = [],
    wide,
    children,
  } = props
  const bottom = bottomOf(menu, props.bottom)
  const current = menu.find((each) => each.place === here)
  return html`<!doctype html>${(
    <html lang={lang === 'zh' ? 'zh-CN' : 'en'}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <title>{`${title} · ${county}`}</title>
        <meta name="theme-color" content="#12365f" />
        <meta name="format-detection" content="telephone=no" />
        {csrf && <meta name="csrf" content={csrf} />}
        {person && <meta name="person" content={person.name} />}
        <meta name="htmx-config" content='{"includeIndicatorCSS":false,"defaultFocusScroll":false}' />
        {/* Fetched only when something on the page has x-data. */}
        <meta name="alpine" content={assetUrl('alpine.js')} />
        <link rel="icon" href={assetUrl('icon.svg')} type="image/svg+xml" />
        <link rel="apple-touch-icon" href={assetUrl('icon-whole-192.png')} />
        <link rel="manifest" href="/manifest.webmanifest" />
        <link rel="stylesheet" href={assetUrl('app.css')} />
        {needs.includes('map') && <link rel="stylesheet" href={assetUrl('map.css')} />}
        {needs.includes('join') && <link rel="stylesheet" href={assetUrl('join.css')} />}
        {(needs.includes('give') || needs.includes('take')) && (
          <link rel="stylesheet" href={assetUrl('hand-over.css')} />
        )}
        <link rel="stylesheet" href={assetUrl('print.css')} media="print" />
        <script src={assetUrl('app.js')} defer />
        {needs.includes('map') && <script src={assetUrl('map.js')} defer />}
        {needs.includes('chart') && <script src={assetUrl('chart.js')} defer />}
        {needs.includes('field') && <script src={assetUrl('field.js')} defer />}
        {needs.includes('join') && <script src={assetUrl('join.js')} defer />}
        {needs.includes('give') && <script src={assetUrl('give.js')} defer />}
        {needs.includes('take') && <script src={assetUrl('take.js')} defer />}
      </head>
      <body
        class={classes(
          'page',
          wide && 'page-wide',
          menu.length === 0 && 'page-bare',
          props.task && 'page-task',
        )}
        data-page-kind={props.kind}
      >
        <a class="skip" href="#main">
          {t({ zh: '跳到正文', en: 'Skip to content' })}
        </a>
        <header class="top">
          <a class="top-name" href="/">
            <Seal />
            <span>
              {county} <small>{t({ zh: '县盒', en: 'Xianhe' })}</small>
            </span>
          </a>
          {person && (
            // biome-ignore lint/a11y/useSemanticElements: Chromium 109 knows no <search>.
            <form
              class="top-search"
              role="search"
              action="/search"
              method="get"
              aria-label={t({ zh: '全局搜索', en: 'Search everything' })}
            >
              <label>
                <span class="unseen">{t({ zh: '全局搜索', en: 'Search everything' })}</span>
                <Icon name="search" />
                <input
                  type="search"
                  name="q"
                  placeholder={t({
                    zh: '搜人、主体、批次、设备、事件',
                    en: 'Search people, batches, devices, cases',
                  })}
                  autocomplete="off"
                  data-search
                  enterkeyhint="search"
                />
                <span class="key" aria-hidden="true">
                  /
                </span>
              </label>
            </form>
          )}
          <div class="top-end">
            {line && <LineState t={t} {...line} />}
            {person && (
              <a class="top-find" href="/search">
                <Icon name="search" label={t({ zh: '搜索', en: 'Search' })} />
              </a>
            )}
            {person && (
              <details class="more top-person" data-menu>
                <summary>
                  <Icon name="person" label={person.name} />
                  <span aria-hidden="true" class="top-person-name">
                    {person.name}
                  </span>
                  <Icon name="down" size="small" />
                </summary>
                <div class="more-list">
                  {person.role && <p class="more-note">{person.role}</p>}
                  {/* A device out of reach has neither the account's page nor its session: it is locked instead. */}
                  {line?.place === 'device' ? (
                    <>
                      <a href="/field">{t({ zh: '离线办公', en: 'Field work' })}</a>
                      <form method="post" action="/field/lock">
                        <button type="submit">{t({ zh: '锁定,换人用', en: 'Lock' })}</button>
                      </form>
                    </>
                  ) : (
                    <>
                      <a href="/me">{t({ zh: '我的账号', en: 'My account' })}</a>
                      <form method="post" action="/me/language">
                        <input type="hidden" name="_csrf" value={csrf} />
                        <button
                          type="submit"
                          name="lang"
                          value={lang === 'zh' ? 'en' : 'zh'}
                          lang={lang === 'zh' ? 'en' : 'zh-CN'}
                        >
                          {lang === 'zh' ? 'English' : '中文'}
                        </button>
                      </form>
                      <form method="post" action="/logout">
                        <input type="hidden" name="_csrf" value={csrf} />
                        <button type="submit" data-logout>
                          {t({ zh: '退出登录', en: 'Log out' })}
                        </button>
                      </form>
                    </>
                  )}
                </div>
              </details>
            )}
          </div>
        </header>
        {menu.length > 0 && (
          <nav class="side" aria-label={t({ zh: '主菜单', en: 'Main menu' })} id="menu">
            <ul>
              {menu.map((each) => (
                <SidePlace entry={each} open={each.place === here} path={path} />
              ))}
            </ul>
          </nav>
        )}
        <main class="main" id="main" tabindex={-1}>
          {current?.entries && current.entries.length > 1 && (
            <nav class="entries" aria-label={current.title}>
              {current.entries.map((each) => (
                <a href={each.path} aria-current={isHere(each.path, path) ? 'page' : undefined}>
                  {each.title}
                </a>
              ))}
            </nav>
          )}
          {crumbs.length > 0 && (
            <nav class="crumbs" aria-label={t({ zh: '所在位置', en: 'Where you are' })}>
              {crumbs.map((each) => (
                <>
                  <a href={each.path}>{each.title}</a>
                  <span aria-hidden="true">/</span>
                </>
              ))}
              <span aria-current="page">{title}</span>
            </nav>
          )}
          {props.plain && (
            <p class="plain-line">
              <span>
                {t({
                  zh: '未启用安全连接,离线办公不可用',
                  en: 'No secure connection: field work is not available',
                })}
              </span>
              <a href="/join">{t({ zh: '去设置', en: 'Set up' })}</a>
              <a class="plain-away" href={`/join/later?to=${encodeURIComponent(path ?? '/')}`}>
                {t({ zh: '不再提醒', en: 'Do not remind me' })}
              </a>
            </p>
          )}
          {flash && (
            <div class="flash" data-flash={flash.tone}>
              <Notice tone={flash.tone} live>
                {flash.text}
              </Notice>
            </div>
          )}
          {children}
        </main>
        {bottom.length > 0 && (
          <nav class="bottom" aria-label={t({ zh: '常用', en: 'Frequent places' })}>
            {bottom.map((each) => (
              <a href={each.path} aria-current={each.place === here ? 'page' : undefined}>
                <Icon name={each.place} />
                <span>{each.title}</span>
                {each.count ? <span class="count">{each.count}</span> : null}
              </a>
            ))}
            {menu.length > bottom.length && (
              <a href="/menu">
                <Icon name="menu" />
                <span>{t({ zh: '全部', en: 'All' })}</span>
              </a>
            )}
          </nav>
        )}
        <div class="toast" id="toast" role="status" aria-live="polite" data-toast />
      </body>
    </html>
  )}`
}

function SidePlace({ entry, open, path }: { entry: MenuPlace; open: boolean; path?: string }) {
  const { place, title, count, entries = [] } = entry
  const inside = (
    <>
      <Icon name={place as IconName} />
      <span class="side-title">{title}</span>
      {count ? <span class="count">{count}</span> : null}
    </>
  )
  if (entries.length <= 1)
    return (
      <li class="side-place">
        <a
          class={classes('side-link', open && 'side-here')}
          href={entries[0]?.path ?? entry.path}
          aria-current={open ? 'page' : undefined}
        >
          {inside}
        </a>
      </li>
    )
  return (
    <li class="side-place">
      <details open={open}>
        <summary class={classes('side-link', open && 'side-here')}>
          {inside}
          <Icon name="down" size="small" />
        </summary>
        <ul>
          {entries.map((each) => (
            <li>
              <a href={each.path} aria-current={isHere(each.path, path) ? 'page' : undefined}>
                {each.title}
              </a>
            </li>
          ))}
        </ul>
      </details>
    </li>
  )
}

/** All places with their entries: the phone's 全部, and where scripts and side menu are missing. */
export function AllPlaces({ menu }: { menu: MenuPlace[] }) {
  return (
    <div class="all-places">
      {menu.map((each) => (
        <section>
          <h2>
            <Icon name={each.place} />
            <a href={each.path}>{each.title}</a>
          </h2>
          {each.entries && each.entries.length > 1 && (
            <ul>
              {each.entries.map((entry) => (
                <li>
                  <a href={entry.path}>{entry.title}</a>
                </li>
              ))}
            </ul>
          )}
        </section>
      ))}
    </div>
  )
}

/** The page's own heading with its acts on the right. */
export function PageHead({ title, note, children }: { title: string; note?: Child; children?: Child }) {
  return (
    <div class="page-head">
      <div>
        <h1>{title}</h1>
        {note && <p class="page-note">{note}</p>}
      </div>
      {children && <div class="page-acts">{children}</div>}
    </div>
  )
}

/** The county's mark: a box with a river through it. */
export function Seal() {
  return (
    <svg class="seal" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d="M3.5 5.5h17v14h-17z" />
      <path d="M3.5 12.5c3-3 5.5-3 8.5 0s5.5 3 8.5 0" />
      <path d="M9 5.5V3h6v2.5" />
    </svg>
  )
}

/** What people carry a phone for, first. */
const onPhones: Place[] = ['today', 'cases', 'trace', 'map', 'sensing']

function bottomOf(menu: MenuPlace[], wanted: Place[] = onPhones): MenuPlace[] {
  const rank = (each: MenuPlace) => (wanted.includes(each.place) ? wanted.indexOf(each.place) : wanted.length)
  const places = [...menu].sort((a, b) => rank(a) - rank(b))
  // Five targets at most, and 全部 is one of them when something is left out.
  return menu.length <= 5 ? menu : places.slice(0, 4)
}

/** Exact address, or a record below it: /agri/plots/0195… belongs to /agri/plots. */
const isHere = (entry: string, path?: string): boolean =>
  path !== undefined && (path === entry || (entry !== '/' && path.startsWith(`${entry}/`)))
