// What a device keeps, on IndexedDB. One database per person and box: signing out locks it, and nobody else's key opens it.
// Promises around requests, nothing more; a transaction lives as long as something is asked of it without waiting elsewhere.

import { Refusal } from '../../server/kernel/refusal.ts'

/** A block: up to `blockSize` records of one dataset, sealed. Only ids and places in the diary stand outside the seal. */
export interface BlockHead {
  dataset: string
  n: number
  ids: string[]
  /** When each was born: positions in the box's diary. */
  born: number[]
  /** What its gist is made of (`formOf`). */
  form: string
  /** The replica's turn in which it was written. */
  turn: number
}
export interface BlockBody {
  dataset: string
  n: number
  sealed: Sealed
}
/** What a block's records can be found by (gist.ts), sealed like them. */
export type BlockGist = BlockBody
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>
  data: ArrayBuffer
}

/** One waiting act. What it says is sealed; its place in the order and its fate are not. */
export interface Waiting {
  /** The device's order; given by the database, so that two workers never take the same place. */
  n: number
  /** In which form `sealed` is written (outbox.ts); 1 when it does not say. Outside the seal: who cannot read it sees why. */
  format?: number
  /** The act's id. */
  id: string
  /** Records it touches: later acts on them follow it. */
  records: string[]
  fate: 'waiting' | 'refused' | 'arrived'
  /** Position in the box's diary, once arrived. */
  seq?: number
  tries: number
  sealed: Sealed
}

export const stores = ['head', 'body', 'gist', 'outbox', 'fact', 'file'] as const
export type StoreName = (typeof stores)[number]

/**
 * How a database comes to be as it is: one step per version of it, never changed once released. A new step may add a store or
 * an index, and never reads or rewrites `outbox`: what is sealed cannot be rewritten without its person, and outbox.ts
 * reads every format there ever was.
 */
const steps: ((db: IDBDatabase, transaction: IDBTransaction) => void)[] = [
  (db) => {
    db.createObjectStore('head', { keyPath: ['dataset', 'n'] })
    db.createObjectStore('body', { keyPath: ['dataset', 'n'] })
    const outbox = db.createObjectStore('outbox', { keyPath: 'n', autoIncrement: true })
    outbox.createIndex('id', 'id', { unique: true })
    db.createObjectStore('fact')
    db.createObjectStore('file')
  },
  (db) => {
    db.createObjectStore('gist', { keyPath: ['dataset', 'n'] })
  },
]

/** The device has no room left. Nothing of what was to be written is there, and nothing that was there is gone. */
export class Full extends Refusal {
  constructor() {
    super({
      zh: '这台设备的存储满了,这一条没有存下。请删掉一些照片、视频或不用的应用,再点一次',
      en: 'This device has no room left and did not keep this. Remove some photos, videos or apps, then try again.',
    })
  }
}

/** Room that records of the box leave free on the device for what is entered here. */
const forActs = 20e6

/** Throws `Full` when what is fetched would take the room of what is entered. */
export async function leaveRoom(): Promise<void> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate?.()) ?? {}
  if (quota !== undefined && usage !== undefined && quota - usage < forActs) throw new Full()
}

const asFull = (error: unknown): Full | undefined =>
  (error as Error | null)?.name === 'QuotaExceededError' ? new Full() : undefined

export class Shelf {
  private gone = false

  private constructor(private readonly db: IDBDatabase) {
    // Another worker or tab wants to delete or upgrade: let go, so that it need not wait for this one to end.
    db.onversionchange = () => this.close()
    // The browser itself took it away: site data cleared, or the disk failed.
    db.onclose = () => {
      this.gone = true
    }
  }

  /**
   * Brings the database up to date on the way; waits while an older worker still holds it (that one lets go by itself).
   * Throws `VersionError` (IndexedDB 3.0, 4.3) when a newer program has been here: a box that was rolled back.
   */
  static async open(name: string, factory: IDBFactory = indexedDB): Promise<Shelf> {
    const request = factory.open(name, steps.length)
    request.onupgradeneeded = ({ oldVersion }) => {
      for (const step of steps.slice(oldVersion)) step(request.result, request.transaction!)
    }
    return new Shelf(await done(request))
  }

  /** Nothing can be asked of it any more: open it again. */
  get closed(): boolean {
    return this.gone
  }

  /** Everything in `work` stands or falls together. Inside, await nothing but the given store calls. */
  async together<T>(
    names: readonly StoreName[],
    mode: IDBTransactionMode,
    work: (at: Counter) => Promise<T>,
  ): Promise<T> {
    // Strict: an entry is only shown as kept once it is on the disk, not in the system's cache.
    const transaction = this.db.transaction(names, mode, { durability: 'strict' })
    const finished = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new Error('the device could not keep it'))
    })
    // Whoever fails first below reports; this only keeps the runtime from calling it unhandled.
    finished.catch(() => {})
    try {
      const result = await work(new Counter(transaction))
      await finished
      return result
    } catch (error) {
      try {
        transaction.abort()
      } catch {
        // Already over.
      }
      throw asFull(transaction.error) ?? asFull(error) ?? error
    }
  }

  get<T>(store: StoreName, key: IDBValidKey): Promise<T | undefined> {
    return this.together([store], 'readonly', (at) => at.get<T>(store, key))
  }
  /** One answer for each key, asked for together. */
  many<T>(store: StoreName, keys: IDBValidKey[]): Promise<(T | undefined)[]> {
    return this.together([store], 'readonly', (at) => at.many<T>(store, keys))
  }
  all<T>(store: StoreName, range?: IDBKeyRange): Promise<T[]> {
    return this.together([store], 'readonly', (at) => at.all<T>(store, range))
  }
  put(store: StoreName, value: unknown, key?: IDBValidKey): Promise<void> {
    return this.together([store], 'readwrite', (at) => at.put(store, value, key))
  }
  remove(store: StoreName, key: IDBValidKey | IDBKeyRange): Promise<void> {
    return this.together([store], 'readwrite', (at) => at.remove(store, key))
  }

  /** Keys of a store, in order: what lies there, without lifting it. */
  keys(store: StoreName): Promise<IDBValidKey[]> {
    return this.together([store], 'readonly', (at) => at.keys(store))
  }

  close() {
    this.gone = true
    this.db.close()
  }
}

/** The stores of one transaction. */
export class Counter {
  constructor(private readonly transaction: IDBTransaction) {}
  get<T>(store: StoreName, key: IDBValidKey): Promise<T | undefined> {
    return done(this.transaction.objectStore(store).get(key)) as Promise<T | undefined>
  }
  many<T>(store: StoreName, keys: IDBValidKey[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(store, key)))
  }
  all<T>(store: StoreName, range?: IDBKeyRange): Promise<T[]> {
    return done(this.transaction.objectStore(store).getAll(range)) as Promise<T[]>
  }
  byIndex<T>(store: StoreName, index: string, key: IDBValidKey): Promise<T | undefined> {
    return done(this.transaction.objectStore(store).index(index).get(key)) as Promise<T | undefined>
  }
  keys(store: StoreName): Promise<IDBValidKey[]> {
    return done(this.transaction.objectStore(store).getAllKeys())
  }
  /** Adds at a place of its own; answers with the place. Rejects when it is taken. */
  add(store: StoreName, value: unknown): Promise<IDBValidKey> {
    return done(this.transaction.objectStore(store).add(value))
  }
  async put(store: StoreName, value: unknown, key?: IDBValidKey): Promise<void> {
    await done(this.transaction.objectStore(store).put(value, key))
  }
  async remove(store: StoreName, key: IDBValidKey | IDBKeyRange): Promise<void> {
    await done(this.transaction.objectStore(store).delete(key))
  }
  async clear(store: StoreName): Promise<void> {
    await done(this.transaction.objectStore(store).clear())
  }
}

export const destroyShelf = (name: string, factory: IDBFactory = indexedDB): Promise<unknown> =>
  done(factory.deleteDatabase(name))

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
