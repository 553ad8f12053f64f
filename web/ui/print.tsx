import { html } from 'hono/html'
import { assetUrl } from './asset-url.ts'
import type { Child, Lang, Say } from './props.ts'

export type Paper = 'a4' | 'a5' | 'label-60x40' | 'label-80x50' | 'label-100x70'

export interface PrintPageProps {
  t: Say
  lang: Lang
  title: string
  paper: Paper
  /** The way back; not printed. */
  back: string
  children?: Child
}

/** Sheets to print, measured in millimetres; on screen they lie on grey as they will come out. */
export function PrintPage({ t, lang, title, paper, back, children }: PrintPageProps) {
  return html`<!doctype html>${(
    <html lang={lang === 'zh' ? 'zh-CN' : 'en'} class={`paper-${paper}`}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="icon" href={assetUrl('icon.svg')} type="image/svg+xml" />
        <link rel="stylesheet" href={assetUrl('sheet.css')} />
        {/* @page cannot be chosen by a class in Chromium 109: one small sheet per paper size. */}
        <link rel="stylesheet" href={assetUrl(`paper-${paper}.css`)} />
        <script src={assetUrl('sheet.js')} defer />
      </head>
      <body>
        <nav class="sheet-bar">
          <a href={back}>{t({ zh: '返回', en: 'Back' })}</a>
          <h1>{title}</h1>
          <button type="button" data-print>
            {t({ zh: '打印', en: 'Print' })}
          </button>
          <noscript>{t({ zh: '按 Ctrl + P 打印', en: 'Press Ctrl + P to print' })}</noscript>
        </nav>
        <main class="sheets">{children}</main>
      </body>
    </html>
  )}`
}

/** One page of paper. */
export function Sheet({ children, label }: { children?: Child; label?: boolean }) {
  return <section class={label ? 'sheet sheet-label' : 'sheet'}>{children}</section>
}

/** Label and value as on a form: lines between, label narrow on the left. */
export function SheetFacts({ facts }: { facts: { label: string; value: Child }[] }) {
  return (
    <table class="sheet-facts">
      <tbody>
        {facts.map((each) => (
          <tr>
            <th scope="row">{each.label}</th>
            <td>{each.value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Where someone signs or stamps: 签字(盖章). */
export function SheetSign({ places }: { places: string[] }) {
  return (
    <div class="sheet-sign">
      {places.map((each) => (
        <p>
          {each}
          <span class="sheet-line" />
        </p>
      ))}
    </div>
  )
}
