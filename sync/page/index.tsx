// 与上级同步: what waits, what was sent, received and imported, and since when a line is down.

import type { Module } from '../../server/http/module.ts'
import { needs } from '../../server/http/system/needs.ts'
import { exchangeOf } from '../exchange.ts'
import { troubles } from '../state.ts'
import { lines } from './lines.tsx'
import { peers } from './peers.tsx'
import { received } from './received.tsx'
import { sent } from './sent.tsx'
import { stick } from './stick.tsx'

export const syncPages: Module = {
  name: 'sync',
  title: { zh: '与上级同步', en: 'Sync' },
  pages(app) {
    app.use('/sync', needs('sync'))
    app.use('/sync/*', needs('sync'))
    lines(app)
    sent(app)
    received(app)
    peers(app)
    stick(app)
  },
  /** Refused packages and acts that stepped aside wait for a person, on 今日 too. */
  async waiting(desk, t) {
    const { store } = desk as { store?: Parameters<typeof exchangeOf>[0] }
    const exchange = store && exchangeOf(store)
    if (!exchange || !desk.registry.rights.may(desk.actor, 'sync')) return []
    return troubles(exchange).map(({ words, path }) => ({
      title: t(words),
      path,
      button: t({ zh: '查看', en: 'Look' }),
      level: 'yellow' as const,
    }))
  },
}
