import type { Context } from 'hono'
import type { Option } from '../../../web/ui/props.ts'
import type { Env } from '../../http/module.ts'
import { areaOptions } from '../../http/records/options.ts'
import { refuse } from '../../kernel/refusal.ts'
import type { Viewer } from './figures.ts'

export function viewerOf(c: Context<Env>): Viewer {
  const { desk, t, lang, box, house, actor } = c.var
  if (!desk.registry.rights.may(actor, 'numbers'))
    refuse(
      {
        zh: '您的岗位不看指标,需要时请联系管理员开通',
        en: 'Your role does not see the numbers. Ask an administrator if you need them.',
      },
      { kind: 'access' },
    )
  return { desk, t, lang, box, house, labels: new Map() }
}

/** The area asked for, within the person's own. */
export function areaOf(c: Context<Env>): string {
  const { actor } = c.var
  const asked = c.req.query('division') || actor.division
  if (!asked.startsWith(actor.division))
    refuse(
      {
        zh: '只能看您辖区内的指标,请重新选择乡镇(街道)',
        en: 'You see the numbers of your own area; choose another township.',
      },
      { kind: 'access' },
    )
  return asked
}

/** Townships to choose from; none for whoever looks after one. */
export function areasOf(c: Context<Env>): Option[] {
  const { desk, actor, t } = c.var
  return actor.division.length >= 9 ? [] : areaOptions(desk.registry, actor, t)
}
