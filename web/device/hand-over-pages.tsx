// Handing over what waits here, on the device's own pages: a sealed copy for somebody else to carry.

import type { Context, Hono } from 'hono'
import { Button } from '../ui/button.tsx'
import type { Session } from './device.ts'
import type { FieldEnv } from './field-env.ts'
import { exported } from './hand-over.ts'

type Ctx = Context<FieldEnv>

export function handOverPages(app: Hono<FieldEnv>) {
  app.get('/field/waiting.xhd', async (c) => {
    const { session } = c.env
    if (!session) return c.redirect('/field/unlock', 303)
    const bytes = await exported(session)
    const name = copyName(session)
    return c.body(bytes, 200, {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
    })
  })
}

/** On the page of what waits: the way to hand it over, while there is something that lives only here. */
export function handOverButton(c: Ctx, session: Session) {
  if (session.outbox.onlyHere === 0) return null
  return (
    <Button
      title={c.var.t({ zh: '导出一份', en: 'Save a copy' })}
      path="/field/waiting.xhd"
      more={{ 'data-save': copyName(session) }}
    />
  )
}

const copyName = (session: Session) =>
  `县盒待发-${session.person.title}-${new Date().toISOString().slice(0, 16).replaceAll(/\D/g, '')}.xhd`
