// The line between a device and its box. It drains because the line is there, not because something new was written;
// sends in order, asks again for whatever had no answer (an act sent twice is done once), and then takes in what the
// box says now. One exchange at a time.

import type { Receipt } from '../../server/kernel/acts.ts'
import type { Rec } from '../../server/kernel/dataset.ts'
import { type Clock, learned } from './clock.ts'
import type { Entry, Outbox } from './outbox.ts'
import type { Replica } from './replica.ts'

/** What the box answers to `GET /device/v1/replica`. */
export interface ReplicaAnswer {
  records: Rec[]
  gone: string[]
  seq: number
  more: boolean
  /** Diary position up to which the tier above has imported, from its receipt. */
  imported?: number
}

export type LineFate =
  /** Never tried since the start. */
  | 'unknown'
  | 'up'
  | 'down'
  /** The box answers but does not know the person any more: sign in again. Nothing waiting is lost. */
  | 'signed-out'
  /** The box has revoked this device: everything on it is to be wiped. */
  | 'revoked'

export interface LinkState {
  fate: LineFate
  /** Since when (ISO 8601). */
  since?: string
  /** Last exchange that reached its end. */
  confirmedAt?: string
  /** What the box's answers taught about this device's clock. */
  clock: Clock
  /** Diary position of the replica. */
  seq: number
  imported: number
}

/** Fetches from the box; throws when it cannot be reached. */
export type Ask = (path: string, init?: RequestInit) => Promise<Response>

const batch = 100

export class Link {
  private running?: Promise<LinkState>
  private again = false

  constructor(
    private readonly ask: Ask,
    private readonly replica: Replica,
    private readonly outbox: Outbox,
    readonly state: LinkState,
    private readonly more: {
      /** What has to be at the box before the acts: the photos they mention. */
      before?: () => Promise<void>
      now?: () => string
    } = {},
  ) {}

  private now(): string {
    return this.more.now?.() ?? new Date().toISOString()
  }

  /** Sends what waits and takes in what is new. A call while one is running makes it go round once more. */
  exchange(): Promise<LinkState> {
    if (this.running) {
      this.again = true
      return this.running
    }
    this.running = this.rounds().finally(() => {
      this.running = undefined
    })
    return this.running
  }

  private async rounds(): Promise<LinkState> {
    do {
      this.again = false
      const fate = await this.once()
      if (fate !== this.state.fate) Object.assign(this.state, { fate, since: this.now() })
    } while (this.again && this.state.fate === 'up')
    return this.state
  }

  private async once(): Promise<LineFate> {
    try {
      await this.drain()
      await this.catchUp()
      this.state.confirmedAt = this.now()
      return 'up'
    } catch (error) {
      if (error instanceof Turned) return error.fate
      return 'down'
    }
  }

  private async drain(): Promise<void> {
    let last = ''
    for (;;) {
      const ready = this.outbox.sendable(batch)
      // Held acts stay ready; sending the same ones again in this round would only be held again.
      const round = ready.map((each) => each.id).join()
      if (ready.length === 0 || round === last) return
      last = round
      await this.more.before?.()
      const response = await this.sent('/device/v1/acts', {
        method: 'POST',
        body: JSON.stringify(ready.map((each) => each.request)),
        headers: { 'content-type': 'application/json' },
      })
      if (response.ok)
        for (const receipt of (await response.json()) as Receipt[]) await this.outbox.answered(receipt)
      else await this.oneByOne(ready)
    }
  }

  /** The box could not read the batch: find the one it chokes on, so that it does not hold up the others. */
  private async oneByOne(ready: Entry[]): Promise<void> {
    for (const entry of ready) {
      const response = await this.sent('/device/v1/acts', {
        method: 'POST',
        body: JSON.stringify(entry.request),
        headers: { 'content-type': 'application/json' },
      })
      const answer = (await response.json().catch(() => ({}))) as Partial<Receipt> & { detail?: string }
      if (response.ok) await this.outbox.answered(answer as Receipt)
      else
        await this.outbox.answered({
          id: entry.id,
          outcome: 'refused',
          message: {
            zh: `县里读不懂这一条:${answer.detail ?? response.status}`,
            en: `The county could not read this entry: ${answer.detail ?? response.status}`,
          },
        })
    }
  }

  private async catchUp(): Promise<void> {
    for (;;) {
      const response = await this.sent(`/device/v1/replica?after=${this.state.seq}`)
      if (!response.ok) throw new Error(`replica answered ${response.status}`)
      const answer = (await response.json()) as ReplicaAnswer
      await this.replica.take(answer.records, answer.gone, {
        seq: answer.seq,
        imported: answer.imported ?? this.state.imported,
        clock: this.state.clock,
      })
      this.state.seq = answer.seq
      this.state.imported = answer.imported ?? this.state.imported
      if (answer.more) continue
      await this.outbox.replicaAt(answer.seq)
      return
    }
  }

  private async sent(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.ask(path, init)
    this.state.clock = learned(response.headers.get('date')) ?? this.state.clock
    if (response.status === 401) throw new Turned('signed-out')
    if (response.status === 410) throw new Turned('revoked')
    // The box is there and unwell: as good as down, and nothing is marked as refused for it.
    if (response.status >= 500 || response.status === 429) throw new Turned('down')
    return response
  }
}

class Turned extends Error {
  constructor(readonly fate: LineFate) {
    super(fate)
  }
}
