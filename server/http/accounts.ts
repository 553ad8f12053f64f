// People and programs that may come in. Local state: nothing here leaves the box. Passwords are kept as Argon2id, the
// secrets of sessions and tokens as SHA-256 (they carry 256 random bits, so a slow hash would protect nothing).

import { and, eq, isNull, lt, or } from 'drizzle-orm'
import type { BunSQLiteDatabase } from 'drizzle-orm/bun-sqlite'
import type { Actor } from '../kernel/access.ts'
import { Refusal, refuse } from '../kernel/refusal.ts'
import { account, audit, session, token } from '../kernel/schema.ts'
import type { Lang } from '../kernel/words.ts'

export type Db = BunSQLiteDatabase<any>
export type Account = typeof account.$inferSelect

export interface NewAccount {
  name: string
  title: string
  roles: string[]
  division: string
  entity?: string
  lang?: Lang
  /** A password the person already knows (seeds and tests); without it a one-time password is made. */
  password?: string
}

/** Answers with the password to hand over once; it must be changed at the first login unless it was given. */
export async function addAccount(db: Db, wanted: NewAccount): Promise<{ name: string; password: string }> {
  const name = wanted.name.trim()
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]{1,39}$/u.test(name))
    refuse(
      {
        zh: '登录名用 2–40 个字母、数字或汉字,中间可用点、横线',
        en: 'A login name has 2–40 letters or digits; dots and dashes may stand between.',
      },
      { field: 'name' },
    )
  if (!wanted.title.trim()) refuse({ zh: '请填写姓名', en: 'Enter the person’s name.' }, { field: 'title' })
  if (wanted.roles.length === 0)
    refuse({ zh: '请至少选一个角色', en: 'Choose at least one role.' }, { field: 'roles' })
  if (!/^(\d{2}){1,3}$|^\d{9}$|^\d{12}$/.test(wanted.division))
    refuse({ zh: '请选择所属区划', en: 'Choose the division.' }, { field: 'division' })
  if (findAccount(db, name))
    refuse(
      { zh: `登录名「${name}」已有人用,请换一个`, en: `"${name}" is taken; choose another login name.` },
      { field: 'name' },
    )
  if (wanted.password) checkStrength(wanted.password, name)
  const password = wanted.password ?? oneTimePassword()
  db.insert(account)
    .values({
      name,
      title: wanted.title.trim(),
      password: await hashed(password),
      roles: JSON.stringify(wanted.roles),
      division: wanted.division,
      entity: wanted.entity || null,
      lang: wanted.lang ?? 'zh',
      mustChange: wanted.password ? 0 : 1,
      created: new Date().toISOString(),
    })
    .run()
  return { name, password }
}

export const findAccount = (db: Db, name: string): Account | undefined =>
  db.select().from(account).where(eq(account.name, name)).get()

export const listAccounts = (db: Db): Account[] =>
  db.select().from(account).orderBy(account.created, account.name).all()

export function changeAccount(
  db: Db,
  name: string,
  to: Partial<Pick<NewAccount, 'title' | 'roles' | 'division' | 'entity' | 'lang'>>,
) {
  known(db, name)
  const { roles, entity, ...rest } = to
  db.update(account)
    .set({
      ...rest,
      ...(roles && { roles: JSON.stringify(roles) }),
      ...('entity' in to && { entity: entity || null }),
    })
    .where(eq(account.name, name))
    .run()
}

/** A disabled person is out at once: sessions end, tokens stop. */
export function disableAccount(db: Db, name: string) {
  known(db, name)
  db.update(account).set({ disabled: 1 }).where(eq(account.name, name)).run()
  endSessionsOf(db, name)
}

export function enableAccount(db: Db, name: string) {
  known(db, name)
  db.update(account).set({ disabled: 0, failures: 0, waitsUntil: null }).where(eq(account.name, name)).run()
}

/** A new one-time password; every session of the person ends. */
export async function resetPassword(db: Db, name: string): Promise<{ name: string; password: string }> {
  known(db, name)
  const password = oneTimePassword()
  db.update(account)
    .set({ password: await hashed(password), mustChange: 1, failures: 0, waitsUntil: null })
    .where(eq(account.name, name))
    .run()
  endSessionsOf(db, name)
  return { name, password }
}

export async function changePassword(db: Db, name: string, old: string, next: string) {
  const person = known(db, name)
  if (!(await matches(old, person.password)))
    refuse({ zh: '原密码不对,请再输一次', en: 'The old password is wrong; type it again.' }, { field: 'old' })
  if (old === next)
    refuse(
      { zh: '新密码要和原密码不同', en: 'Choose a password that differs from the old one.' },
      { field: 'next' },
    )
  checkStrength(next, name)
  db.update(account)
    .set({ password: await hashed(next), mustChange: 0 })
    .where(eq(account.name, name))
    .run()
}

export type Login = { account: Account } | { waitSeconds: number } | { wrong: true }

/**
 * Wrong passwords make the account wait: 5 in a row a minute, then doubling up to 30 minutes. The answer never says
 * whether the name exists, and takes as long either way.
 */
export async function logIn(db: Db, name: string, password: string, now = Date.now()): Promise<Login> {
  const person = findAccount(db, name.trim())
  const until = person?.waitsUntil ? Date.parse(person.waitsUntil) : 0
  if (until > now) return { waitSeconds: Math.ceil((until - now) / 1000) }
  const right = await matches(password, person?.password ?? (await nobody()))
  if (!person) return { wrong: true }
  if (right && !person.disabled) {
    if (person.failures)
      db.update(account).set({ failures: 0, waitsUntil: null }).where(eq(account.name, person.name)).run()
    return { account: person }
  }
  if (!right) {
    const failures = person.failures + 1
    const wait = failures < 5 ? 0 : Math.min(60 * 2 ** (failures - 5), 1800)
    db.update(account)
      .set({ failures, waitsUntil: wait ? new Date(now + wait * 1000).toISOString() : null })
      .where(eq(account.name, person.name))
      .run()
  }
  return { wrong: true }
}

// ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SessionRules {
  /** Minutes without a request after which a session ends. */
  idleMinutes: number
  /** Hours after which it ends in any case. */
  longestHours: number
}

/** Answers with the secret for the cookie; only its hash is kept. */
export function openSession(db: Db, name: string, rules: SessionRules, agent?: string): string {
  const secret = randomSecret()
  const now = Date.now()
  db.delete(session)
    .where(lt(session.expires, new Date(now).toISOString()))
    .run()
  db.insert(session)
    .values({
      hash: sha256(secret),
      account: name,
      created: new Date(now).toISOString(),
      seen: new Date(now).toISOString(),
      expires: new Date(now + rules.longestHours * 3_600_000).toISOString(),
      agent: agent?.slice(0, 200),
    })
    .run()
  return secret
}

export function sessionAccount(
  db: Db,
  secret: string,
  rules: SessionRules,
  now = Date.now(),
): Account | undefined {
  const hash = sha256(secret)
  const found = db
    .select()
    .from(session)
    .innerJoin(account, eq(account.name, session.account))
    .where(eq(session.hash, hash))
    .get()
  if (!found) return undefined
  const seen = Date.parse(found.session.seen)
  if (
    found.account.disabled ||
    Date.parse(found.session.expires) < now ||
    seen + rules.idleMinutes * 60_000 < now
  ) {
    db.delete(session).where(eq(session.hash, hash)).run()
    return undefined
  }
  // Once a minute is enough to know that someone is there; every request would be an fsync.
  if (now - seen > 60_000)
    db.update(session)
      .set({ seen: new Date(now).toISOString() })
      .where(eq(session.hash, hash))
      .run()
  return found.account
}

export const closeSession = (db: Db, secret: string) => {
  db.delete(session)
    .where(eq(session.hash, sha256(secret)))
    .run()
}

export const endSessionsOf = (db: Db, name: string) => {
  db.delete(session).where(eq(session.account, name)).run()
}

// ── tokens of programs ───────────────────────────────────────────────────────────────────────────────────────────────

export function addToken(
  db: Db,
  wanted: { name: string; account: string; days?: number },
): { name: string; token: string } {
  if (!/^[\w.-]{2,60}$/.test(wanted.name))
    refuse(
      {
        zh: '令牌名用 2–60 个字母、数字、点或横线',
        en: 'A token name has 2–60 letters, digits, dots or dashes.',
      },
      { field: 'name' },
    )
  known(db, wanted.account)
  if (db.select().from(token).where(eq(token.name, wanted.name)).get())
    refuse(
      {
        zh: `令牌「${wanted.name}」已存在,请换个名字`,
        en: `There is a token "${wanted.name}" already; choose another name.`,
      },
      { field: 'name' },
    )
  const secret = `xh_${randomSecret()}`
  db.insert(token)
    .values({
      name: wanted.name,
      hash: sha256(secret),
      account: wanted.account,
      created: new Date().toISOString(),
      expires: wanted.days ? new Date(Date.now() + wanted.days * 86_400_000).toISOString() : null,
    })
    .run()
  return { name: wanted.name, token: secret }
}

export const listTokens = (db: Db) => db.select().from(token).orderBy(token.created).all()

export function disableToken(db: Db, name: string) {
  const done = db.update(token).set({ disabled: 1 }).where(eq(token.name, name)).returning().all()
  if (done.length === 0)
    refuse({ zh: `没有令牌「${name}」`, en: `There is no token "${name}".` }, { kind: 'missing' })
}

/** The account a Bearer token stands for, with the token's own name for the diary. */
export function tokenAccount(
  db: Db,
  secret: string,
  now = Date.now(),
): { token: string; account: Account } | undefined {
  const found = db
    .select()
    .from(token)
    .innerJoin(account, eq(account.name, token.account))
    .where(and(eq(token.hash, sha256(secret)), eq(token.disabled, 0), eq(account.disabled, 0)))
    .get()
  if (!found || (found.token.expires && Date.parse(found.token.expires) < now)) return undefined
  const hourAgo = new Date(now - 3_600_000).toISOString()
  db.update(token)
    .set({ seen: new Date(now).toISOString() })
    .where(and(eq(token.name, found.token.name), or(isNull(token.seen), lt(token.seen, hourAgo))))
    .run()
  return { token: found.token.name, account: found.account }
}

// ── audit ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Looking and doing outside the diary. Kept six months at least (网络安全法 §21). */
export function note(
  db: Db,
  row: { actor: string; what: string; about?: string; detail?: string; address?: string },
) {
  db.insert(audit)
    .values({ at: new Date().toISOString(), ...row })
    .run()
}

export const actorOf = (person: Account, lang?: Lang): Actor => ({
  id: person.name,
  name: person.title,
  roles: JSON.parse(person.roles) as string[],
  division: person.division,
  lang: lang ?? (person.lang as Lang),
  ...(person.entity && { entity: person.entity }),
})

function known(db: Db, name: string): Account {
  const found = findAccount(db, name)
  if (!found)
    throw new Refusal(
      { zh: `没有登录名「${name}」`, en: `There is nobody called "${name}".` },
      { kind: 'missing', field: 'name' },
    )
  return found
}

/** Long, or mixed: 等保 asks for classes of characters, people remember length; either will do. */
function checkStrength(password: string, name: string) {
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((each) => each.test(password)).length
  const plain =
    /^(.)\1*$|^(0123456789|1234567890|12345678\d?|87654321|qwertyuiop|password\d*|admin\d*)$/i.test(password)
  if (password.length > 128)
    refuse({ zh: '密码最多 128 个字符', en: 'A password has at most 128 characters.' }, { field: 'next' })
  if (
    plain ||
    password.length < 8 ||
    (password.length < 15 && classes < 3) ||
    password.toLowerCase().includes(name.toLowerCase())
  )
    refuse(
      {
        zh: '密码至少 8 位并含大写、小写、数字、符号中的三种,或至少 15 位;不能含登录名',
        en: 'Use at least 8 characters with three of: capitals, small letters, digits, signs; or at least 15 characters. The login name may not be in it.',
      },
      { field: 'next' },
    )
}

// Argon2id takes 64 MiB and a fifth of a second: two at a time, so that a guesser cannot exhaust a small machine.
let free = 2
const queue: (() => void)[] = []
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free--
  else await new Promise<void>((go) => queue.push(go))
  try {
    return await work()
  } finally {
    const next = queue.shift()
    if (next) next()
    else free++
  }
}
const hashed = (password: string) => inTurn(() => Bun.password.hash(password, { algorithm: 'argon2id' }))
const matches = (password: string, hash: string) =>
  inTurn(() => Bun.password.verify(password.slice(0, 256), hash))
let nobodyHash: Promise<string> | undefined
const nobody = () => (nobodyHash ??= hashed(randomSecret()))

// Letters and digits nobody confuses when reading them out over the telephone.
function oneTimePassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'
  const pick = () => alphabet[crypto.getRandomValues(new Uint32Array(1))[0]! % alphabet.length]!
  return Array.from({ length: 3 }, () => Array.from({ length: 4 }, pick).join('')).join('-')
}

const randomSecret = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
export const sha256 = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest('hex')
