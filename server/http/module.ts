import type { Hono } from 'hono'
import type { LineProps } from '../../web/ui/line.tsx'
import type { Actor } from '../kernel/access.ts'
import type { Act } from '../kernel/acts.ts'
import type { Rec } from '../kernel/dataset.ts'
import type { Desk } from '../kernel/desk.ts'
import type { FileRef } from '../kernel/fields.ts'
import type { Part } from '../kernel/part.ts'
import type { Store } from '../kernel/store.ts'
import type { Lang, Say, Words } from '../kernel/words.ts'
import type { Services } from './services.ts'

/** What every route finds on its context. */
export interface Env {
  Variables: {
    /** Records, already scoped and masked for the person asking. */
    desk: Desk
    actor: Actor
    lang: Lang
    t: Say
    /** Put in every form as `_csrf`; htmx requests carry it in the `X-CSRF` header. */
    csrf: string
    /** Strict CSP without inline scripts; nonce is for the rare inline style of a print page. */
    nonce: string
    /** One more origin that this page may load a picture from: the joining page looks whether https is trusted. */
    reach?: string
    /** What the county is called and which matters it has. */
    house: House
    /** Keeps an attachment and answers with what the record says of it. */
    keepFile: (file: File) => Promise<FileRef>
    /** The newest acts this person may see, newest first; a device without a diary leaves it out. */
    recent?: (since: string, limit: number) => Promise<Act[]>
    /** On a device: what waits here for the county. The box asks its own line instead. */
    deviceLine?: Omit<LineProps, 't'>
    /** Box only. Field pages do without: there it is undefined. */
    box: Services
  }
}

type DrawBlock = (args: { desk: Desk; t: Say; lang: Lang; box?: Services; record: Rec }) => Promise<unknown>

export interface House {
  county: Words
  modules: Module[]
  /** This node, so that a history says which lines came from elsewhere; and where a node stands. */
  node?: string
  placeOf?: (node: string) => string | undefined
  /** Who brought an act that its own device could not send, and whether that device had been revoked by then. */
  broughtBy?: (act: string) => { by: string; revoked: boolean } | undefined
  /** What waits for this actor beside the modules' matters: the box knows, a device does not. */
  waiting?: (desk: Desk, t: Say) => Promise<Waiting[]>
  /** A desk that sees what the public may, whoever asks: a clerk who scans a label sees the page buyers see. */
  openDesk?: (lang: Lang) => Desk
  /** Names of people who can give rights, for pages that refuse. */
  askWhom?: () => string[]
}

export type App = Hono<Env>

/** Where a page stands in the left menu; the nine places of the county office. */
export type Place =
  | 'today'
  | 'map'
  | 'trace'
  | 'sensing'
  | 'cases'
  | 'registers'
  | 'numbers'
  | 'sync'
  | 'system'

export interface MenuEntry {
  place: Place
  title: Words
  path: string
  /** Shown only when the actor may: a dataset to read (`read:agri.plot`), an act (`act:…`) or a permission (`may:system`). */
  needs?: string
}

/** What waits for a person, for the page 今日. */
export interface Waiting {
  title: string
  /** By when, ISO 8601. */
  due?: string
  path: string
  /** The one button. */
  button: string
  level?: 'blue' | 'yellow' | 'orange' | 'red'
}

/** What a step's form offers from what is known already, so that nobody fills in the same thing ten times. */
export interface Offer {
  /** What the form opens with, over what the step suggests. */
  values?: Record<string, unknown>
  /** Ids to pick before typing, by field. */
  picks?: Record<string, string[]>
  /** Earlier entries to repeat in one tap. */
  again?: { title: string; values: Record<string, string> }[]
}

/** One county matter: its declarations, and the pages beyond the derived ones. */
export interface Module extends Part {
  /** Called once when a store is opened: a module may make more datasets known. */
  atStart?: (store: Store) => void
  menu?: MenuEntry[]
  /** Pages for people who are logged in. */
  pages?: (app: App) => void
  /** Pages that know only the desk: the box and field devices mount them alike. */
  fieldPages?: (app: App) => void
  /** Pages without login (trace page, portal). `c.var.desk` belongs to the public and reads only what the module opens. */
  publicPages?: (app: App) => void
  /** What waits for this actor in this matter, most urgent first. */
  waiting?: (desk: Desk, t: Say) => Promise<Waiting[]>
  /**
   * What time alone brings about: a deadline passes by the clock, and no act would ever say so. Looked at every minute
   * with the box's own desk; must be safe to run twice (acts with derived ids).
   */
  timePasses?: (desk: Desk, now: string) => Promise<unknown>
  /** Extra blocks on a record's generic detail page, by dataset: drawn under the facts. */
  blocks?: Record<string, DrawBlock>
  /** As blocks, drawn above the facts: how far it is, and what comes next. */
  leads?: Record<string, DrawBlock>
  /** By the name of a step: what its form offers for this record. */
  offers?: Record<string, (args: { desk: Desk; t: Say; lang: Lang; record?: Rec }) => Promise<Offer>>
  /** The module that owns sensors says whether the reader may see this one's readings. */
  mayReadSensor?: (desk: Desk, sensor: string) => Promise<boolean>
}
