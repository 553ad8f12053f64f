// How the box is, for machines that watch it: /healthz, /metrics (Prometheus text), and /events, the stream of hints
// that wakes live pages. A hint says where to look again and never what is there, so nothing leaks through it.

import type { Hono, MiddlewareHandler } from 'hono'
import { streamSSE } from 'hono/streaming'
import { needsPerson } from './doors.ts'
import type { Env } from './module.ts'
import type { PartHealth, Services } from './services.ts'

export function healthRoutes(app: Hono<Env>, services: Services, node: string) {
  app.get('/healthz', (c) => {
    const parts = services.parts()
    const failing = Object.entries(parts).filter(([, part]) => part.state === 'down')
    return c.json(
      {
        status: failing.length === 0 ? 'ok' : 'failing',
        version: services.version,
        node,
        uptimeSeconds: Math.floor(services.uptime()),
        ...(failing.length > 0 && { failing: failing.map(([name]) => name) }),
        parts,
      },
      failing.length === 0 ? 200 : 503,
    )
  })
}

export class Meter {
  private readonly requests = new Map<string, number>()
  private readonly buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  private readonly counts = new Array<number>(this.buckets.length + 1).fill(0)
  private sum = 0
  private total = 0
  incidents = 0
  listeners = 0

  count(): MiddlewareHandler<Env> {
    return async (c, next) => {
      const started = performance.now()
      await next()
      const key = `${c.req.method} ${Math.floor(c.res.status / 100)}xx`
      this.requests.set(key, (this.requests.get(key) ?? 0) + 1)
      if (c.res.status >= 500) this.incidents++
      // A stream lasts as long as its listener stays; its length says nothing about speed.
      if (c.req.path === '/events') return
      const seconds = (performance.now() - started) / 1000
      const slot = this.buckets.findIndex((bound) => seconds <= bound)
      this.counts[slot < 0 ? this.buckets.length : slot]!++
      this.sum += seconds
      this.total++
    }
  }

  text(services: Services, node: string): string {
    const lines: string[] = []
    const metric = (name: string, type: string, help: string, samples: [labels: string, value: number][]) => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
      for (const [labels, value] of samples) lines.push(`${name}${labels && `{${labels}}`} ${value}`)
    }
    metric('xianhe_info', 'gauge', 'Version and node.', [
      [`version="${label(services.version)}",node="${label(node)}"`, 1],
    ])
    metric('xianhe_uptime_seconds', 'gauge', 'Seconds since the box started.', [
      ['', Math.floor(services.uptime())],
    ])
    metric(
      'xianhe_part_up',
      'gauge',
      'Whether a part of the box is up (1) or not (0).',
      Object.entries(services.parts()).map(([name, part]: [string, PartHealth]) => [
        `part="${label(name)}"`,
        part.state === 'up' ? 1 : 0,
      ]),
    )
    metric(
      'xianhe_http_requests_total',
      'counter',
      'Requests answered, by method and class of status.',
      [...this.requests].map(([key, n]) => {
        const [method, code] = key.split(' ')
        return [`method="${method}",code="${code}"`, n]
      }),
    )
    lines.push(
      '# HELP xianhe_http_request_seconds How long answers took.',
      '# TYPE xianhe_http_request_seconds histogram',
    )
    let running = 0
    this.buckets.forEach((bound, i) => {
      running += this.counts[i]!
      lines.push(`xianhe_http_request_seconds_bucket{le="${bound}"} ${running}`)
    })
    lines.push(
      `xianhe_http_request_seconds_bucket{le="+Inf"} ${this.total}`,
      `xianhe_http_request_seconds_sum ${this.sum}`,
      `xianhe_http_request_seconds_count ${this.total}`,
    )
    metric('xianhe_http_incidents_total', 'counter', 'Answers with an incident number.', [
      ['', this.incidents],
    ])
    metric('xianhe_live_pages', 'gauge', 'Pages listening to /events.', [['', this.listeners]])
    const readings = known(() => services.readings.counters())
    if (readings) {
      metric('xianhe_readings_stored_total', 'counter', 'Messages with readings stored since start.', [
        ['', readings.stored],
      ])
      metric(
        'xianhe_readings_quarantined_total',
        'counter',
        'Unreadable messages kept in quarantine since start.',
        [['', readings.quarantined]],
      )
      metric('xianhe_mqtt_clients', 'gauge', 'Connected MQTT clients.', [['', readings.clients]])
    }
    const line = known(() => services.line.state())
    if (line)
      metric('xianhe_sync_acts', 'gauge', 'Acts by fate on the way to the tier above.', [
        ['fate="waiting"', line.waiting],
        ['fate="sent"', line.sent],
        ['fate="received"', line.received],
        ['fate="imported"', line.imported],
      ])
    const asOf = known(() => services.numbers.asOf())
    if (asOf)
      metric('xianhe_numbers_as_of_seconds', 'gauge', 'When numbers were last computed (Unix time).', [
        ['', Date.parse(asOf.at) / 1000],
      ])
    const memory = process.memoryUsage()
    metric('process_resident_memory_bytes', 'gauge', 'Resident memory of the serving process.', [
      ['', memory.rss],
    ])
    const cpu = process.cpuUsage()
    metric('process_cpu_seconds_total', 'counter', 'CPU time of the serving process.', [
      ['', (cpu.user + cpu.system) / 1e6],
    ])
    return `${lines.join('\n')}\n`
  }
}

export function metricsRoute(app: Hono<Env>, meter: Meter, services: Services, node: string) {
  app.get('/metrics', (c) =>
    c.body(meter.text(services, node), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
}

/** `/events?topics=a,b`: named events, one per topic; a ping every 15 seconds keeps proxies and Bun from hanging up. */
export function eventsRoute(app: Hono<Env>, meter: Meter, services: Services, pingMs = 15_000) {
  app.get('/events', needsPerson(), (c) => {
    const wanted = (c.req.query('topics') ?? '').split(',').filter(Boolean)
    const heard = (topic: string) =>
      wanted.length === 0 || wanted.some((each) => topic === each || topic.startsWith(`${each}.`))
    return streamSSE(c, async (stream) => {
      meter.listeners++
      const pending = new Set<string>()
      let wake = () => {}
      const stop = services.events.subscribe((topic) => {
        if (!heard(topic)) return
        pending.add(topic)
        wake()
      })
      stream.onAbort(() => wake())
      try {
        await stream.write('retry: 3000\n: hello\n\n')
        while (!stream.aborted) {
          if (pending.size === 0) {
            const rung = await new Promise<boolean>((done) => {
              const timer = setTimeout(() => done(false), pingMs)
              wake = () => {
                clearTimeout(timer)
                done(true)
              }
            })
            wake = () => {}
            if (!rung) await stream.write(': ping\n\n')
            continue
          }
          // Many hints of one topic are one hint: the page looks again once.
          const topics = [...pending]
          pending.clear()
          for (const topic of topics) await stream.writeSSE({ event: topic, data: JSON.stringify({ topic }) })
        }
      } finally {
        stop()
        meter.listeners--
      }
    })
  })
}

/** A part that is down takes its own figures along, not the others. */
function known<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}

const label = (text: string) => text.replaceAll(/["\\\n]/g, ' ')
