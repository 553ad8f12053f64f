// What htmx sends and what it does with an answer that is not the one hoped for.

import { say, toast } from './drawn.ts'

interface Context {
  ctx: {
    sourceElement?: Element

    request: { headers: Record<string, string>; method: string; action: string }
    response?: { status: number }
    error?: unknown
  }
}

export function requests() {
  document.addEventListener('htmx:config:request', (event) => {
    const { ctx } = (event as CustomEvent<Context>).detail
    const csrf = document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content
    if (csrf) ctx.request.headers['X-CSRF'] = csrf
  })
  // An answer that is not the part asked for must not take its place: the list on the screen stays.
  document.addEventListener('htmx:before:response', (event) => {
    const { ctx } = (event as CustomEvent<Context>).detail
    const status = ctx.response?.status ?? 0
    if (status === 401) {
      event.preventDefault()
      window.location.reload()
    } else if (status >= 500 || (status >= 400 && ctx.request.method === 'GET')) {
      event.preventDefault()
      if (!byItself(ctx))
        toast(
          say(
            '这一步没有做成,页面内容未变,稍后再试一次',
            'That did not work; nothing on the page has changed. Try again shortly',
          ),
        )
    }
  })
  document.addEventListener('htmx:error', (event) => {
    const { ctx } = (event as CustomEvent<Context>).detail
    if (!ctx || byItself(ctx)) return
    toast(
      say(
        '连不上县盒,内容未变,线路恢复后再试',
        'The box cannot be reached; nothing has changed. Try again when the line is back',
      ),
    )
  })
}

/** Live parts ask again by themselves; only what a person asked for is worth a sentence. */
function byItself(ctx: Context['ctx']): boolean {
  return (
    ctx.request.action.startsWith('/events') ||
    /live:|every /.test(ctx.sourceElement?.getAttribute('hx-trigger') ?? '')
  )
}
