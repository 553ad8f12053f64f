// From an act as asked for to the changes it makes: pure, synchronous, the same on the box and in a browser. Whoever
// calls it gives the reading side; in a browser that side may throw `Missing` for a record it has to fetch first, and
// call again.

import { type Actor, within } from './access.ts'
import type { ActRequest, Draft, Look, RuleContext, Verb, Write } from './acts.ts'
import { type Dataset, type DatasetSpec, keyField, type Rec } from './dataset.ts'
import { type FieldSpec, parseField } from './fields.ts'
import { derivedId, isId } from './ids.ts'
import { Refusal, refuse } from './refusal.ts'
import type { Registry } from './registry.ts'
import { countyDay, type Words } from './words.ts'

export interface Deciding {
  registry: Registry
  actor: Actor
  look: Look
  /** The moment of the act (ISO 8601). */
  at: string
  /** A device knows only part of the county: a reference it cannot find is the box's to check. */
  partial?: boolean
}

/** The drafts of an act, all checked. Throws `Refusal` with a sentence for each thing that a person can mend. */
export function decide(request: ActRequest, deciding: Deciding): Draft[] {
  const { registry, actor } = deciding
  const writing = new Writing(request, deciding)
  const declared = registry.verbs.get(request.name)
  const [datasetName, kind] = splitName(request.name)
  const dataset = declared ? declared.on : registry.datasets.get(datasetName)
  if (!dataset || (!declared && !genericKinds.includes(kind)))
    refuse(
      { zh: `没有名为「${request.name}」的操作`, en: `There is no act named "${request.name}".` },
      { kind: 'missing' },
    )
  if (!registry.rights.mayAct(actor, request.name)) refuse(notYours(dataset.spec), { kind: 'access' })

  if (declared) decideVerb(declared, request, writing, deciding)
  else decideGeneric(dataset, kind as Kind, request, writing, actor)

  return writing.finish()
}

type Kind = 'created' | 'amended' | 'withdrawn'
const genericKinds = ['created', 'amended', 'withdrawn']

function splitName(name: string): [string, string] {
  const dot = name.lastIndexOf('.')
  return [name.slice(0, dot), name.slice(dot + 1)]
}

function decideVerb(verb: Verb, request: ActRequest, writing: Writing, { registry, actor }: Deciding) {
  const record = verb.starts ? undefined : known(writing, verb.on, request.record)
  if (record && !within(actor, record.division)) refuse(notHere(verb.on.spec), { kind: 'access' })
  const specs = Object.fromEntries(Object.entries(verb.fields).map(([name, each]) => [name, each.spec]))
  const input = parseAll(specs, request.fields ?? {}, registry, { required: true })
  const answer: unknown = verb.decide(writing, record as Rec, input) as unknown
  if (answer instanceof Promise)
    throw new Error(`${verb.name} returned a promise: inside an act nothing awaits`)
}

function decideGeneric(dataset: Dataset, kind: Kind, request: ActRequest, writing: Writing, actor: Actor) {
  const { spec } = dataset
  if (spec.closed && actor.id !== 'system')
    refuse({
      zh: `「${spec.title.zh}」由业务操作自动产生,不能直接填写或修改`,
      en: `${spec.title.en} records come from acts; they are not filled in directly.`,
    })
  if (kind !== 'created' && spec.append)
    refuse({
      zh: `「${spec.title.zh}」只能追加,不能修改或作废;写错了请再记一条更正`,
      en: `${spec.title.en} can only be added to. To correct an entry, add another.`,
    })
  if (kind === 'created') {
    writing.createFrom(dataset, request.fields ?? {}, { id: request.record, division: request.division })
  } else {
    const record = known(writing, dataset, request.record)
    if (kind === 'withdrawn') writing.withdraw(dataset, record.id)
    else writing.changeFrom(dataset, record.id, request.fields ?? {})
  }
}

function known(look: Look, dataset: Dataset, id: string | undefined): Rec {
  const record = look.read(dataset, id)
  if (!record)
    refuse(
      {
        zh: `找不到这条${dataset.spec.title.zh}记录,可能不在您的辖区或已被移除`,
        en: `This ${dataset.spec.title.en} record cannot be found; it may be outside your area.`,
      },
      { kind: 'missing' },
    )
  return record as Rec
}

/** Collects what an act changes; later reads of the same act see it. */
class Writing implements Write {
  readonly actor: Actor
  readonly at: string
  readonly today: string
  readonly id: string
  private readonly drafts = new Map<string, Draft>()
  private made = 0

  constructor(
    private readonly request: ActRequest,
    private readonly deciding: Deciding,
  ) {
    this.actor = deciding.actor
    this.at = deciding.at
    this.today = countyDay(deciding.at)
    this.id = request.id
  }

  read(dataset: Dataset<any> | string, id: string | undefined): Rec<any> | undefined {
    if (!id) return undefined
    const draft = this.drafts.get(id)
    if (draft) return draft.after
    return this.deciding.look.read(dataset, id) as Rec<any> | undefined
  }

  find(dataset: Dataset<any> | string, where: Record<string, unknown>, limit = 1000): Rec<any>[] {
    const name = typeof dataset === 'string' ? dataset : dataset.name
    const stored = this.deciding.look.find(dataset, where, limit) as Rec[]
    const fits = (rec: Rec) =>
      !rec.withdrawn && Object.entries(where).every(([field, value]) => rec.fields[field] === value)
    const mine = [...this.drafts.values()].filter((draft) => draft.dataset === name)
    const merged = stored.filter((rec) => !this.drafts.has(rec.id))
    return [...mine.map((draft) => draft.after).filter(fits), ...merged].slice(0, limit)
  }

  create(
    dataset: Dataset<any> | string,
    fields: any,
    more: { id?: string; division?: string } = {},
  ): Rec<any> {
    return this.createFrom(this.lens(dataset), fields, more, true)
  }

  change(dataset: Dataset<any> | string, id: string, fields: any): Rec<any> {
    return this.changeFrom(this.lens(dataset), id, fields, true)
  }

  withdraw(dataset: Dataset<any> | string, id: string): void {
    const lens = this.lens(dataset)
    const before = known(this, lens, id)
    if (before.withdrawn) refuse({ zh: '这条记录已经作废', en: 'This record is withdrawn already.' })
    this.mustReach(lens.spec, before.division)
    this.draft(lens, 'withdrawn', before, { ...before, withdrawn: true }, {})
  }

  /** `trusted`: called by a verb, which may set what no form shows. */
  createFrom(
    dataset: Dataset,
    given: Record<string, unknown>,
    more: { id?: string; division?: string },
    trusted = false,
  ): Rec {
    const { spec } = dataset
    const id = more.id ?? derivedId(this.request.id, this.made++)
    if (!isId(id)) refuse({ zh: '记录编号应为 UUIDv7', en: 'The record id must be a UUIDv7.' })
    if (this.read(dataset, id))
      refuse({ zh: '这条记录已经登记过了', en: 'This record is already registered.' })
    const values = parseAll(spec.fields, given, this.deciding.registry, {
      required: true,
      initial: true,
      trusted: trusted || this.actor.id === 'system',
    })
    const division =
      (spec.division && (values[spec.division] as string)) ||
      more.division ||
      this.request.division ||
      this.actor.division
    if (spec.division && !values[spec.division]) values[spec.division] = division
    this.mustReach(spec, division)
    const after: Rec = { id, dataset: spec.name, version: 1, division, fields: values, born: 0, touched: 0 }
    this.draft(dataset, 'created', undefined, after, values, division)
    return after
  }

  changeFrom(dataset: Dataset, id: string, given: Record<string, unknown>, trusted = false): Rec {
    const { spec } = dataset
    const before = known(this, dataset, id)
    if (spec.append)
      refuse({ zh: `「${spec.title.zh}」只能追加,不能修改`, en: `${spec.title.en} can only be added to.` })
    if (before.withdrawn)
      refuse({ zh: '这条记录已作废,不能再修改', en: 'This record was withdrawn and cannot be changed.' })
    this.mustReach(spec, before.division)
    const values = parseAll(spec.fields, given, this.deciding.registry, {
      trusted: trusted || this.actor.id === 'system',
    })
    const changed: Record<string, unknown> = {}
    for (const name of Object.keys(given)) {
      const value = values[name] ?? null
      if (!same(value, before.fields[name] ?? null)) changed[name] = value
    }
    for (const name of Object.keys(changed)) {
      const field = spec.fields[name]!
      if (changed[name] === null && !field.optional) throw new Refusal(missing(field), { field: name })
    }
    const fields = applyFields(before.fields, changed)
    const moved = spec.division && changed[spec.division] ? (changed[spec.division] as string) : undefined
    if (moved) this.mustReach(spec, moved)
    const after: Rec = { ...before, fields, division: moved ?? before.division }
    this.draft(dataset, 'amended', before, after, changed, moved)
    return after
  }

  finish(): Draft[] {
    const drafts = [...this.drafts.values()].filter(
      (draft) => draft.kind !== 'amended' || Object.keys(draft.fields).length > 0,
    )
    for (const draft of drafts) {
      const dataset = this.deciding.registry.dataset(draft.dataset)
      if (draft.kind !== 'withdrawn') {
        this.keyIsFree(dataset, draft)
        this.refsExist(dataset, draft)
      }
      checkRules(this.deciding.registry, draft, {
        look: this,
        actor: this.actor,
        act: this.request.name,
        today: this.today,
      })
    }
    return drafts
  }

  private keyIsFree(dataset: Dataset, draft: Draft) {
    const key = keyField(dataset.spec)
    const value = key ? draft.fields[key] : undefined
    if (!key || value === undefined || value === null) return
    const other = this.find(dataset, { [key]: value }, 2).find((rec) => rec.id !== draft.record)
    if (other) {
      const label = dataset.spec.fields[key]!.label
      throw new Refusal(
        {
          zh: `${label.zh}「${value}」已经登记过,请核对或直接修改原记录`,
          en: `${label.en} "${value}" is already registered; check it, or amend that record.`,
        },
        { field: key },
      )
    }
  }

  private refsExist(dataset: Dataset, draft: Draft) {
    if (this.deciding.partial) return
    for (const [name, value] of Object.entries(draft.fields)) {
      const spec = dataset.spec.fields[name]
      if (spec?.kind !== 'ref' || typeof value !== 'string') continue
      if (!this.read(spec.to!, value))
        throw new Refusal(
          {
            zh: `${spec.label.zh}:找不到所选的记录,请重新选择`,
            en: `${spec.label.en}: the chosen record cannot be found; choose again.`,
          },
          { field: name },
        )
    }
  }

  private mustReach(spec: DatasetSpec, division: string) {
    if (!within(this.actor, division)) refuse(notHere(spec), { kind: 'access' })
  }

  private lens(dataset: Dataset<any> | string): Dataset {
    return typeof dataset === 'string' ? this.deciding.registry.dataset(dataset) : dataset
  }

  private draft(
    dataset: Dataset,
    kind: Kind,
    before: Rec | undefined,
    after: Rec,
    fields: Record<string, unknown>,
    division?: string,
  ) {
    const earlier = this.drafts.get(after.id)
    if (!earlier) {
      this.drafts.set(after.id, {
        dataset: dataset.name,
        record: after.id,
        kind,
        fields,
        division,
        before,
        after,
      })
      return
    }
    // The same act touched the record before: one change row says it all.
    earlier.fields = { ...earlier.fields, ...fields }
    earlier.after = after
    earlier.division = division ?? earlier.division
    if (kind === 'withdrawn') earlier.kind = 'withdrawn'
  }
}

/** Runs the dataset's rules on a record as it would become. Also used after a merge. */
export function checkRules(
  registry: Registry,
  draft: Pick<Draft, 'dataset' | 'before' | 'after' | 'fields'>,
  context: { look: Look; actor: Actor; act: string; today: string },
) {
  for (const rule of registry.rules.get(draft.dataset) ?? []) {
    const scene: RuleContext<any> = {
      read: context.look.read.bind(context.look),
      find: context.look.find.bind(context.look),
      before: draft.before,
      changed: draft.fields,
      actor: context.actor,
      act: context.act,
      today: context.today,
    }
    const answer: unknown = rule.check(draft.after, scene) as unknown
    if (answer instanceof Promise)
      throw new Error(`a rule on ${draft.dataset} returned a promise: inside an act nothing awaits`)
  }
}

/** Record fields after a change: null empties. */
export function applyFields(
  before: Record<string, unknown>,
  changed: Record<string, unknown>,
): Record<string, unknown> {
  const after = { ...before }
  for (const [name, value] of Object.entries(changed)) {
    if (value === null || value === undefined) delete after[name]
    else after[name] = value
  }
  return after
}

export const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

/** Every field parsed; all faults reported together, each at its field. */
export function parseAll(
  specs: Record<string, FieldSpec>,
  given: Record<string, unknown>,
  registry: Registry,
  how: { required?: boolean; initial?: boolean; trusted?: boolean } = {},
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  const faults: { field?: string; words: Words }[] = []
  for (const name of Object.keys(given)) {
    const spec = specs[name]
    if (!spec) {
      faults.push({
        field: name,
        words: { zh: `没有「${name}」这个字段`, en: `There is no field "${name}".` },
      })
      continue
    }
    if (
      spec.set === 'act' &&
      !how.trusted &&
      given[name] !== undefined &&
      given[name] !== '' &&
      given[name] !== null
    ) {
      faults.push({
        field: name,
        words: {
          zh: `${spec.label.zh}:由业务操作自动填写,不能直接改`,
          en: `${spec.label.en}: is set by acts and cannot be filled in.`,
        },
      })
      continue
    }
    const parsed = parseField(spec, given[name], registry)
    if ('fault' in parsed) faults.push({ field: name, words: parsed.fault })
    else if (parsed.value !== undefined) values[name] = parsed.value
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (how.initial && values[name] === undefined && spec.initial !== undefined) values[name] = spec.initial
    // The division falls back to where the record is created.
    if (
      how.required &&
      values[name] === undefined &&
      !spec.optional &&
      !(how.initial && spec.kind === 'division') &&
      !faults.some((fault) => fault.field === name)
    )
      faults.push({ field: name, words: missing(spec) })
  }
  if (faults.length > 0) throw new Refusal(faults[0]!.words, { field: faults[0]!.field, all: faults })
  return values
}

const picked = new Set(['choice', 'choices', 'code', 'ref', 'division', 'date', 'time'])
const missing = (spec: FieldSpec): Words =>
  picked.has(spec.kind)
    ? { zh: `请选择${spec.label.zh}`, en: `Choose: ${spec.label.en}.` }
    : spec.kind === 'geometry'
      ? { zh: `请在地图上画出${spec.label.zh}`, en: `Draw on the map: ${spec.label.en}.` }
      : { zh: `请填写${spec.label.zh}`, en: `Fill in: ${spec.label.en}.` }

const notYours = (spec: DatasetSpec): Words => ({
  zh: `您的岗位不能办理「${spec.title.zh}」的这项操作,需要时请联系县信息办开通`,
  en: `Your role may not do this with ${spec.title.en}. Ask the county IT office if you need it.`,
})
const notHere = (spec: DatasetSpec): Words => ({
  zh: `这条${spec.title.zh}不在您的辖区,请转给所属乡镇办理`,
  en: `This ${spec.title.en} lies outside your area; pass it to the township it belongs to.`,
})
