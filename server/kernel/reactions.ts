// Reactions follow the diary after the commit. Each runs at least once per matching act; what fails steps aside with
// its reason, is tried again with growing pauses for as long as it takes, and never holds up the rest.

import type { Act, Reaction, ReactionDesk } from './acts.ts'
import type { Store } from './store.ts'

const slice = 500
const longestPause = 60 * 60_000

export class Reactions {
  private running: Promise<void> | undefined
  private again = false
  private stopped = false
  private unlisten?: () => void
  private retry?: Timer

  constructor(
    private readonly store: Store,
    private readonly report: (problem: { reaction: string; seq: number; reason: string }) => void = () => {},
  ) {}

  start(): this {
    this.unlisten = this.store.listen(() => this.look())
    this.look()
    return this
  }

  /** Looks for new acts now; answers at once. */
  look() {
    if (this.stopped) return
    if (this.running) this.again = true
    else
      this.running = this.follow().finally(() => {
        this.running = undefined
        if (this.again) {
          this.again = false
          this.look()
        }
      })
  }

  /** Done when every act written so far was offered to every reaction. */
  async settle(): Promise<void> {
    while (this.running || this.store.cursor('reactions') < this.store.seq) {
      this.look()
      await this.running
      if (this.stopped) return
    }
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.unlisten?.()
    clearTimeout(this.retry)
    await this.running
  }

  private async follow(): Promise<void> {
    let cursor = this.store.cursor('reactions')
    while (!this.stopped) {
      const acts = this.store.acts(cursor, slice)
      if (acts.length === 0) break
      for (const act of acts) {
        for (const reaction of this.store.registry.reactions)
          if (matches(reaction, act, this.store.node.id)) await this.run(reaction, act)
      }
      cursor = acts.at(-1)!.seq
      this.store.moveCursor('reactions', cursor)
      // Let a clerk's request in between two slices of a long catch-up.
      await new Promise((resume) => setImmediate(resume))
    }
    this.planRetry()
  }

  private async run(reaction: Reaction, act: Act, tries = 0): Promise<void> {
    try {
      await reaction.run(act, this.deskFor(act))
      if (tries > 0)
        this.store.db
          .query('delete from aside where follower = ? and seq = ?')
          .run(`reaction:${reaction.name}`, act.seq)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.report({ reaction: reaction.name, seq: act.seq, reason })
      this.store.db
        .query(
          'insert into aside(follower, seq, reason, tries, at) values(?, ?, ?, 1, ?) on conflict do update set reason = excluded.reason, tries = tries + 1, at = excluded.at',
        )
        .run(`reaction:${reaction.name}`, act.seq, reason, this.store.moment())
    }
  }

  private deskFor(act: Act): ReactionDesk {
    return {
      ...this.store.look,
      act: (request) =>
        this.store.act(this.store.system, { ...request, cause: act.id }, { onOverlap: 'question' }),
    }
  }

  private planRetry() {
    clearTimeout(this.retry)
    if (this.stopped) return
    const next = this.store.db
      .query("select tries from aside where follower like 'reaction:%' order by tries limit 1")
      .get() as { tries: number } | null
    if (!next) return
    this.retry = setTimeout(
      () => void this.retryAside(),
      Math.min(longestPause, 1000 * 2 ** Math.min(next.tries, 12)),
    )
    this.retry.unref?.()
  }

  /** What stepped aside, tried again now. */
  async retryAside(): Promise<void> {
    const rows = this.store.db
      .query("select follower, seq, tries from aside where follower like 'reaction:%' order by seq")
      .all() as { follower: string; seq: number; tries: number }[]
    for (const row of rows) {
      const reaction = this.store.registry.reactions.find((each) => `reaction:${each.name}` === row.follower)
      const act = this.store.acts(row.seq - 1, 1)[0]
      if (reaction && act) await this.run(reaction, act, row.tries)
    }
    this.planRetry()
  }
}

function matches(reaction: Reaction, act: Act, here: string): boolean {
  if ((reaction.where ?? 'birthplace') === 'birthplace' && act.origin !== here) return false
  return reaction.on.some((on) => (on.endsWith('*') ? act.name.startsWith(on.slice(0, -1)) : act.name === on))
}
