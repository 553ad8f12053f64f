import type { Context, MiddlewareHandler } from 'hono'
import { refuse } from '../../kernel/refusal.ts'
import type { Env } from '../module.ts'

/** Pages behind a named permission: `people`, `audit`, `system`, `import`, `export`, `declare`. */
export function needs(permission: string): MiddlewareHandler<Env> {
  return async (c, next) => {
    must(c, permission)
    await next()
  }
}

export function must(c: Context<Env>, permission: string) {
  if (!c.var.desk.registry.rights.may(c.var.actor, permission))
    refuse(
      {
        zh: '这个页面只对有相应权限的岗位开放,需要时请联系管理员',
        en: 'This page is for roles with the permission; ask an administrator if you need it.',
      },
      { kind: 'access' },
    )
}
