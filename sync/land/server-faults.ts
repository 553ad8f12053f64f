// What a database says no with, as a sentence that says what to do.

import { Stopped, TargetFault } from './portion.ts'

/** An address as a report may show it. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:@/]*):[^@]*@/i, '$1@')
}

interface ServerFault {
  code?: string
  errno?: string
  message?: string
  detail?: string
}

/** An error of the server or the line to it, explained; anything else as it is. */
export function explained(error: unknown, name: string): unknown {
  if (error instanceof TargetFault || error instanceof Stopped) return error
  const { code = '', errno = '', message = '', detail = '' } = error as ServerFault
  if (!code.startsWith('ERR_POSTGRES')) return error
  const said = `${message}${detail ? ` ${detail}` : ''}`.trim()
  const fault = (zh: string, en: string) => new TargetFault({ zh, en }, error)
  if (code === 'ERR_POSTGRES_CONNECTION_REFUSED' || code === 'ERR_POSTGRES_CONNECTION_TIMEOUT')
    return fault(
      `连不上数据库 ${name}:请检查地址、端口,以及数据库是否已启动`,
      `The database ${name} does not answer: check address and port, and that it is running.`,
    )
  if (/CONNECTION_CLOSED|LIFETIME|IDLE_TIMEOUT/.test(code) || errno.startsWith('57P'))
    return fault(
      `与数据库的连接断了(${said || code})。已落的都在,再运行一次就接着落`,
      `The connection to the database broke (${said || code}). What has landed stays; run again to go on.`,
    )
  if (errno.startsWith('28') || /AUTH|PASSWORD|SASL/.test(code))
    return fault(
      `数据库不接受这个用户或口令(${said})。地址写成 postgres://用户:口令@主机:端口/库名`,
      `The database does not accept this user or password (${said}). Write postgres://user:password@host:port/database.`,
    )
  if (errno === '3D000')
    return fault(
      `没有这个数据库(${said})。请先建库(编码 UTF8):createdb -E UTF8 库名`,
      `There is no such database (${said}). Make it first, in UTF8: createdb -E UTF8 NAME.`,
    )
  if (errno === '42501')
    return fault(
      `数据库用户权限不够(${said})。请授权建表:grant create, usage on schema public to 用户`,
      `The database user may not do this (${said}). Let it make tables: grant create, usage on schema public to USER.`,
    )
  if (errno === '42P07')
    return fault(
      `库里已有别的程序建的同名表(${said})。请换一个空库`,
      `Another program made a table of that name (${said}). Use an empty database.`,
    )
  if (errno === '53100' || errno === '53200')
    return fault(
      `数据库服务器空间不够(${said})。腾出空间后再运行`,
      `The database server is out of room (${said}). Make room and run again.`,
    )
  if (errno === '2BP01')
    return fault(
      `另有视图依赖县盒的标签视图(${said})。请先删去那个视图,落完再建`,
      `A view of yours depends on a label view (${said}). Drop it, land, and make it again.`,
    )
  return fault(
    `数据库拒绝了(${said || code})。这一个包没有落,其他的都在`,
    `The database refused (${said || code}). This package did not land; everything before it did.`,
  )
}
