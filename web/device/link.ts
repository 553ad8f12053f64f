// The line between a device and its box. It drains because the line is there, not because something new was written;
// sends in order, asks again for whatever had no answer (an act sent twice is done once), and then takes in what the
// box says now. One exchange at a time.

import type { Receipt } from '../../server/kernel/acts.ts'
import type { Rec } from '../../server/kernel/dataset.ts'
import { type Clock, learned } from './clock.ts'
import type { Entry, Outbox } from './outbox.ts'
import type { Replica } from './replica.ts'
import { Full } from './shelf.ts'

/** What the box answers to `GET /device/v1/replica`. */
export interface ReplicaAnswer {
  records: Rec[]
  gone: string[]
  seq: number
  more: boolean
  /** Diary position up to which the tier above has imported, from its receipt. */
  imported?: number
  /** Another when this device goes by something that has changed: ask `GET /device/v1/hello`. */
  standing?: string
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
  /** What the box has to say found no room on this device; what is entered here still does. */
  full?: boolean
  /** What the box said last of role, area and registers: see `ReplicaAnswer`. */
  standing?: string
  /** The last exchange was cut short by its own time: what it did not come to is sent by the next. */
  unfinished?: boolean
}

/** Fetches from the box; throws when it cannot be reached. */
export type Ask = (path: string, init?: RequestInit) => Promise<Response>

/** Photos kept here (attachments.ts). */
export interface Files {
  /** Their SHA-256, those that are still to be sent. */
  waiting(): Promise<string[]>
  /** True when the box has it whole; false when it would not take it now. Throws when the box is out of reach. */
  send(ask: Ask, sha256: string, until: () => boolean): Promise<boolean>
}

/** A request that has no answer after so long has none: a portal or a dead relay swallowed it. */
const patience = 60_000
const kilobyte = 1024
/** Records in memory at once: a few megabytes. */
const takenTogether = 5000

export class Link {
  private running?: Promise<LinkState>
  private again = false
  private ended = false
  /** How much is sent at once, in bytes: as much as the line carries in a few seconds, so that little is sent twice. */
  private pace = 32 * kilobyte
  /** The same for what is taken in, in records. */
  private page = 250
  /** Acts at which the box itself failed: sent alone, behind all others. */
  private readonly stumbling = new Set<string>()

  constructor(
    private readonly ask: Ask,
    private readonly replica: Replica,
    private readonly outbox: Outbox,
    readonly state: LinkState,
    private readonly more: {
      files?: Files
      now?: () => string
      /** Told after every exchange, and before `exchange` returns. */
      settled?: (state: LinkState) => Promise<void>
    } = {},
  ) {}

  private now(): string {
    return this.more.now?.() ?? new Date().toISOString()
  }

  /**
   * Sends what waits and takes in what is new. A call while one is running makes it go round once more. `until` says when
   * to leave the rest for later: browsers end a worker that works too long with no page open.
   */
  exchange(until: () => boolean = () => false): Promise<LinkState> {
    if (this.running) {
      this.again = true
      return this.running
    }
    this.running = this.rounds(until).finally(() => {
      this.running = undefined
    })
    return this.running
  }

  /** Nothing more is asked of the box: its person has signed out. */
  end() {
    this.ended = true
  }

  private async rounds(until: () => boolean): Promise<LinkState> {
    do {
      this.again = false
      const fate = await this.once(until)
      if (fate !== this.state.fate) Object.assign(this.state, { fate, since: this.now() })
    } while (this.again && this.state.fate === 'up' && !until())
    await this.more.settled?.(this.state)
    return this.state
  }

  private async once(until: () => boolean): Promise<LineFate> {
    try {
      // Another worker may have written here while this one slept.
      await this.outbox.look()
      await this.drain(until)
      this.state.unfinished = until()
      await this.catchUp()
      this.state.full = false
      this.state.confirmedAt = this.now()
      return 'up'
    } catch (error) {
      if (error instanceof Full) {
        this.state.full = true
        return 'up'
      }
      if (error instanceof Turned) return error.fate
      return 'down'
    }
  }

  /** Words before pictures: acts that mention no unsent photo go first, then each photo and what waited for it. */
  private async drain(until: () => boolean): Promise<void> {
    const { files } = this.more
    const last = [...this.stumbling]
    const sent = new Set(last)
    const unsent = new Set(await files?.waiting())
    const holdBack = (entry: Entry) => unsent.size > 0 && photosOf(entry).some((sha256) => unsent.has(sha256))
    await this.sendActs(sent, holdBack, until)
    for (const sha256 of new Set([...this.outbox.entries.flatMap(photosOf), ...unsent])) {
      if (!files || !unsent.has(sha256)) continue
      await files.send((path, init) => this.sent(path, init), sha256, until)
      if (until()) return
      // One that would not go holds up nothing: the act arrives, the photo is tried again next time.
      unsent.delete(sha256)
      await this.sendActs(sent, holdBack, until)
    }
    for (const id of last) {
      const entry = this.outbox.find(id)
      this.stumbling.delete(id)
      if (entry?.fate === 'waiting' && !until()) await this.sendBatch([entry])
    }
  }

  private async sendActs(
    sent: Set<string>,
    holdBack: (entry: Entry) => boolean,
    until: () => boolean,
  ): Promise<void> {
    while (!until()) {
      const ready = this.outbox.sendable(this.pace, { sent, holdBack })
      if (ready.length === 0) return
      const began = performance.now()
      try {
        await this.sendBatch(ready)
      } catch (error) {
        this.pace = Math.max(4 * kilobyte, this.pace / 4)
        throw error
      }
      const seconds = (performance.now() - began) / 1000
      if (seconds < 2) this.pace = Math.min(kilobyte * kilobyte, this.pace * (seconds < 0.5 ? 4 : 2))
      else if (seconds > 10) this.pace = Math.max(4 * kilobyte, this.pace / 2)
      // What was held stays waiting; told once is enough for this time.
      for (const each of ready) sent.add(each.id)
    }
  }

  private async sendBatch(ready: Entry[]): Promise<void> {
    const answer = await this.receiptsFor(ready)
    if ('receipts' in answer) await this.outbox.answered(...answer.receipts)
    else if (ready.length > 1) await this.oneByOne(ready)
    else await this.setAside(ready[0]!, answer)
  }

  /** The box stumbles over the batch: find the one it chokes on, so that it does not hold up the others. */
  private async oneByOne(ready: Entry[]): Promise<void> {
    let stumbles = 0
    for (const entry of ready) {
      const answer = await this.receiptsFor([entry])
      if ('receipts' in answer) {
        stumbles = 0
        await this.outbox.answered(...answer.receipts)
        continue
      }
      await this.setAside(entry, answer)
      // It is not the acts, it is the box.
      if (answer.status >= 500 && ++stumbles === 10) throw new Turned('down')
    }
  }

  /** What the box cannot read returns to its person; what makes the box fail waits behind the rest, and is tried again. */
  private async setAside(entry: Entry, { status, why }: Stumble): Promise<void> {
    if (status >= 500) {
      this.stumbling.add(entry.id)
      return
    }
    await this.outbox.answered({
      id: entry.id,
      outcome: 'refused',
      message: {
        zh: `县里读不懂这一条:${why}`,
        en: `The county could not read this entry: ${why}`,
      },
    })
  }

  private async receiptsFor(entries: Entry[]): Promise<{ receipts: Receipt[] } | Stumble> {
    const response = await this.sent('/device/v1/acts', {
      method: 'POST',
      body: JSON.stringify(entries.map((each) => each.request)),
      headers: { 'content-type': 'application/json' },
    })
    if (response.ok) {
      const receipts: unknown = await response.json()
      // Whoever answers something else is not the box: a portal that says 200 to everything.
      if (!Array.isArray(receipts)) throw new Turned('down')
      return { receipts }
    }
    const { status } = response
    if (![400, 413, 422, 500].includes(status)) throw new Turned('down')
    const said = (await response.json().catch(() => ({}))) as { detail?: string; error?: string }
    return { status, why: said.detail ?? said.error ?? String(status) }
  }

  private async catchUp(): Promise<void> {
    for (;;) {
      // Earlier than before when something carried here could not be read: the box says it again.
      const after = this.replica.askFrom(this.state.seq)
      const { broken, ...answer } = await this.newsAfter(after)
      const facts = {
        seq: answer.seq,
        imported: answer.imported ?? this.state.imported,
        clock: this.state.clock,
      }
      await this.replica.take(answer.records, answer.gone, facts, after)
      this.state.seq = answer.seq
      this.state.imported = answer.imported ?? this.state.imported
      this.state.standing = answer.standing
      if (broken) throw broken
      if (answer.more) continue
      await this.outbox.replicaAt(answer.seq)
      return
    }
  }

  /**
   * Answers that come quickly are taken in together: changes scattered over all blocks then rewrite each block once. Where a
   * record is named more than once, the last word counts.
   */
  private async newsAfter(after: number): Promise<ReplicaAnswer & { broken?: unknown }> {
    const began = performance.now()
    const records = new Map<string, Rec>()
    const gone = new Set<string>()
    let answer = await this.changesAfter(after)
    for (;;) {
      for (const record of answer.records) {
        gone.delete(record.id)
        records.set(record.id, record)
      }
      for (const id of answer.gone) {
        records.delete(id)
        gone.add(id)
      }
      const enough = records.size + gone.size >= takenTogether || performance.now() - began > 3000
      const come = () => ({ ...answer, records: [...records.values()], gone: [...gone] })
      if (!answer.more || enough) return come()
      try {
        const next = await this.changesAfter(answer.seq)
        answer = { ...next, imported: next.imported ?? answer.imported }
      } catch (broken) {
        // What has come is kept.
        return { ...come(), broken }
      }
    }
  }

  private async changesAfter(after: number): Promise<ReplicaAnswer> {
    const began = performance.now()
    try {
      const response = await this.sent(`/device/v1/replica?after=${after}&limit=${this.page}`)
      if (!response.ok) throw new Turned('down')
      const answer = (await response.json()) as ReplicaAnswer
      const seconds = (performance.now() - began) / 1000
      if (seconds < 2) this.page = Math.min(1000, this.page * 2)
      else if (seconds > 10) this.page = Math.max(20, this.page >> 1)
      return answer
    } catch (error) {
      this.page = Math.max(20, this.page >> 2)
      throw error
    }
  }

  private async sent(path: string, init: RequestInit = {}): Promise<Response> {
    if (this.ended) throw new Turned('down')
    const response = await this.ask(path, { ...init, signal: AbortSignal.timeout(patience) })
    this.state.clock = learned(response.headers.get('date')) ?? this.state.clock
    if (response.status === 401) throw new Turned('signed-out')
    if (response.status === 410) throw new Turned('revoked')
    return response
  }
}

/** Photos and files an act mentions, by SHA-256: a value with a hash, or a list of such. */
function photosOf({ request }: Entry): string[] {
  return Object.values(request.fields ?? {})
    .flat()
    .flatMap((value) => {
      const sha256 = (value as { sha256?: unknown } | null | undefined)?.sha256
      return typeof sha256 === 'string' ? [sha256] : []
    })
}

interface Stumble {
  status: number
  why: string
}

class Turned extends Error {
  constructor(readonly fate: LineFate) {
    super(fate)
  }
}
