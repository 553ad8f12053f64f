import { html } from 'hono/html'
import { assetUrl } from './asset-url.ts'
import { Seal } from './page.tsx'
import type { Child, Lang, Say } from './props.ts'

export interface PublicPageProps {
  t: Say
  lang: Lang
  title: string
  county: string
  /** For link previews: one sentence without personal data. */
  about?: string
  /** The same page in the other language. */
  otherLang?: string
  /** CSS of public.css, put into the page so that it draws in one round trip. Needs `nonce` in style-src; else a link is drawn. */
  inlineCss?: { text: string; nonce: string }
  footer?: Child
  children?: Child
}

/** For anyone with a phone and a code: product, place, people, proofs. No script at all; under 60 KB before pictures. */
export function PublicPage({
  t,
  lang,
  title,
  county,
  about,
  otherLang,
  inlineCss,
  footer,
  children,
}: PublicPageProps) {
  return html`<!doctype html>${(
    <html lang={lang === 'zh' ? 'zh-CN' : 'en'}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <title>{`${title} · ${county}`}</title>
        {about && <meta name="description" content={about} />}
        <meta name="theme-color" content="#12365f" />
        <meta name="format-detection" content="telephone=no" />
        {inlineCss ? (
          <style nonce={inlineCss.nonce}>{html([inlineCss.text] as unknown as TemplateStringsArray)}</style>
        ) : (
          <link rel="stylesheet" href={assetUrl('public.css')} />
        )}
        <link rel="icon" href={assetUrl('icon.svg')} type="image/svg+xml" />
      </head>
      <body>
        <header class="open-top">
          <Seal />
          <span>{county}</span>
          {otherLang && (
            <a href={otherLang} lang={lang === 'zh' ? 'en' : 'zh-CN'}>
              {lang === 'zh' ? 'English' : '中文'}
            </a>
          )}
        </header>
        <main id="main">{children}</main>
        <footer class="open-foot">
          {footer ??
            t({
              zh: '本页由县里的数据盒直接提供,不含个人信息。',
              en: "This page comes straight from the county's own box and holds no personal data.",
            })}
        </footer>
      </body>
    </html>
  )}`
}

/** The head of a trace page: what it is, and whether the proof stands. */
export function OpenHero({
  title,
  note,
  state,
  picture,
}: {
  title: string
  note?: Child
  state?: Child
  picture?: { src: string; alt: string }
}) {
  return (
    <section class="open-hero">
      {picture && (
        <img src={picture.src} alt={picture.alt} width="720" height="405" loading="eager" decoding="async" />
      )}
      <h1>{title}</h1>
      {note && <p>{note}</p>}
      {state}
    </section>
  )
}

/** One part of the story: 产地, 生产者, 检测. */
export function OpenPart({
  title,
  facts,
  children,
}: {
  title: string
  facts?: { label: string; value: Child }[]
  children?: Child
}) {
  return (
    <section class="open-part">
      <h2>{title}</h2>
      {facts && (
        <dl>
          {facts.map((each) => (
            <div>
              <dt>{each.label}</dt>
              <dd>{each.value}</dd>
            </div>
          ))}
        </dl>
      )}
      {children}
    </section>
  )
}

/** What happened on the way, oldest first. */
export function OpenSteps({ steps }: { steps: { title: string; when?: string; note?: Child }[] }) {
  return (
    <ol class="open-steps">
      {steps.map((step) => (
        <li>
          <strong>{step.title}</strong>
          {step.when && <time>{step.when}</time>}
          {step.note && <p>{step.note}</p>}
        </li>
      ))}
    </ol>
  )
}
