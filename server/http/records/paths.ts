import type { Context } from 'hono'
import type { DatasetSpec, Rec } from '../../kernel/dataset.ts'
import { Refusal, refuse } from '../../kernel/refusal.ts'
import type { Env, Place } from '../module.ts'

/** The dataset an address names, when the person may read it. */
export function datasetFrom(c: Context<Env>): DatasetSpec {
  const name = c.req.param('dataset') ?? ''
  const { desk } = c.var
  const found = desk.registry.datasets.get(name)
  if (!found)
    refuse(
      {
        zh: `没有名为「${name}」的台账,请从菜单重新进入`,
        en: `There is no register "${name}"; start again from the menu.`,
      },
      { kind: 'missing' },
    )
  if (!desk.mayRead(found))
    refuse(
      {
        zh: `您的岗位不能查看「${found.spec.title.zh}」,需要时请联系管理员开通`,
        en: `Your role may not see ${found.spec.title.en}. Ask an administrator if you need it.`,
      },
      { kind: 'access' },
    )
  return found.spec
}

export async function recordFrom(c: Context<Env>, spec: DatasetSpec): Promise<Rec> {
  const record = await c.var.desk.read(spec.name, c.req.param('id') ?? '')
  if (!record)
    throw new Refusal(
      {
        zh: `找不到这条${spec.title.zh}记录,它可能不在您的辖区`,
        en: `This ${spec.title.en.toLowerCase()} record cannot be found; it may be outside your area.`,
      },
      { kind: 'missing' },
    )
  return record
}

/** Which place of the menu a dataset's pages belong to: where a module's menu points at it, else the registers. */
export function placeOfDataset(c: Context<Env>, dataset: string): Place {
  const entries = c.var.house.modules.flatMap((each) => each.menu ?? [])
  const owner = c.var.house.modules.find((each) => each.datasets?.some((one) => one.name === dataset))
  return (
    entries.find((each) => each.path === `/d/${dataset}` || each.path.startsWith(`/d/${dataset}?`))?.place ??
    // A module with pages of its own: its records belong beside them.
    owner?.menu?.[0]?.place ??
    'registers'
  )
}

/** Where a verb's form stands: on a record, or on the list when it starts one. */
export const stepPath = (dataset: string, verb: string, id?: string) =>
  `/d/${dataset}/${id ? `${id}/` : ''}do/${verb.slice(dataset.length + 1)}`
