// Where every record of a dataset stands, held in memory so that a hundred thousand points cluster in a few
// milliseconds. Derived and small (about 50 bytes a record): built from the R*Tree when a layer is first asked for, kept
// true by following `touched`. Scope is applied to each answer, never to what is held.

import type { Level } from '../../../web/ui/props.ts'
import { type Actor, visible } from '../../kernel/access.ts'
import type { DatasetSpec } from '../../kernel/dataset.ts'
import type { Box } from '../../kernel/geo.ts'
import type { Store } from '../../kernel/store.ts'

interface Point {
  x: number
  y: number
  division: string
  level?: Level
}

/** A square of the view with what stands in it. */
export interface Cluster {
  n: number
  x: number
  y: number
  /** The gravest level among them. */
  level?: Level
}

const gravest: Level[] = ['blue', 'yellow', 'orange', 'red']

export class Points {
  private readonly known = new Map<number, Point>()
  private upTo = -1
  private building?: Promise<void>

  constructor(
    private readonly store: Store,
    private readonly spec: DatasetSpec,
    /** Which records count: `state` of an open case. */
    private readonly where: Record<string, string[]> = {},
  ) {}

  /** How many the actor may see in the box, or at all. */
  async count(actor: Actor, box?: Box): Promise<number> {
    await this.catchUp()
    const sees = this.sight(actor)
    let n = 0
    for (const point of this.known.values()) if ((!box || inside(point, box)) && sees(point.division)) n++
    return n
  }

  /** What the actor may see in the box, gathered on a grid of so many degrees. */
  async clusters(actor: Actor, box: Box, cell: number): Promise<Cluster[]> {
    await this.catchUp()
    const sees = this.sight(actor)
    const cells = new Map<number, Cluster>()
    for (const point of this.known.values()) {
      if (!inside(point, box) || !sees(point.division)) continue
      // A grid fixed to the earth: clusters stay where they are while the map is dragged.
      const at = Math.floor(point.x / cell) * 100_000 + Math.floor(point.y / cell)
      const cluster = cells.get(at)
      if (!cluster) {
        cells.set(at, { n: 1, x: point.x, y: point.y, level: point.level })
        continue
      }
      cluster.x += (point.x - cluster.x) / (cluster.n + 1)
      cluster.y += (point.y - cluster.y) / (cluster.n + 1)
      cluster.n++
      if (gravest.indexOf(point.level!) > gravest.indexOf(cluster.level!)) cluster.level = point.level
    }
    return [...cells.values()]
  }

  /** Divisions are few and points are many: each is judged once. */
  private sight(actor: Actor): (division: string) => boolean {
    const judged = new Map<string, boolean>()
    return (division) => {
      const known = judged.get(division)
      if (known !== undefined) return known
      const sees = visible(actor, this.spec, division)
      judged.set(division, sees)
      return sees
    }
  }

  private async catchUp() {
    this.building ??= this.build()
    await this.building
    const { seq } = this.store
    if (seq === this.upTo) return
    this.take(this.rows('record r left join place_box p on p.rid = r.rid', 'r.touched > ?', this.upTo))
    this.upTo = seq
  }

  /** The first time, in slices: nobody's save waits for a map to be counted. */
  private async build() {
    const { seq } = this.store
    const last =
      (this.store.db.query('select max(rid) as rid from record').get() as { rid: number | null }).rid ?? 0
    for (let from = 0; from < last; from += slice) {
      this.take(
        this.rows(
          'record r indexed by record_list cross join place_box p on p.rid = r.rid',
          'r.withdrawn = 0 and r.rid > ? and r.rid <= ?',
          from,
          from + slice,
        ),
      )
      await new Promise((next) => setImmediate(next))
    }
    this.upTo = seq
  }

  private rows(from: string, where: string, ...values: number[]): Row[] {
    const fields = ['level', ...Object.keys(this.where)].filter((name) => this.spec.fields[name])
    const columns = fields.map((name) => `, r.body ->> '$.${name}' as "${name}"`)
    const sql = `select r.rid, r.division, r.withdrawn, p.west, p.south, p.east, p.north ${columns.join(' ')}
      from ${from} where r.dataset = ? and ${where}`
    return this.store.db.query(sql).all(this.spec.name, ...values) as Row[]
  }

  private take(rows: Row[]) {
    for (const row of rows) this.place(row)
  }

  private place(row: Row) {
    const counts = Object.entries(this.where).every(([name, values]) => values.includes(String(row[name])))
    if (row.withdrawn || row.west === null || !counts) {
      this.known.delete(row.rid)
      return
    }
    const level = gravest.includes(row['level'] as Level) ? (row['level'] as Level) : undefined
    this.known.set(row.rid, {
      x: (row.west + row.east!) / 2,
      y: (row.south! + row.north!) / 2,
      division: row.division,
      level,
    })
  }
}

interface Row {
  rid: number
  division: string
  withdrawn: number
  west: number | null
  south: number | null
  east: number | null
  north: number | null
  [field: string]: unknown
}

/** Records of a slice of the first build: a few milliseconds of work. */
const slice = 4000

const inside = (point: Point, [west, south, east, north]: Box) =>
  point.x >= west && point.x <= east && point.y >= south && point.y <= north
