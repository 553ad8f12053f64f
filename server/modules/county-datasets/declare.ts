import { verb } from '../../kernel/acts.ts'
import { choice, long, text } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { countyDatasets } from './dataset.ts'
import { checkFields, type OwnField } from './own-field.ts'

const keeper = choice(
  { zh: '由谁维护', en: 'Kept by' },
  { township: { zh: '乡镇', en: 'Townships' }, county: { zh: '县级部门', en: 'County departments' } },
)
  .initial('township')
  .hint('两级同时改了同一处时,以维护方的为准', 'Whose value stands when both levels changed the same field')
const asked = {
  title: text({ zh: '台账名称', en: 'Title' }).longest(40).hint('如:水库巡查', 'Such as: Reservoir rounds'),
  english: text({ zh: '英文名称', en: 'English title' }).longest(80).optional(),
  about: text({ zh: '用途说明', en: 'What it is for' }).longest(200).optional(),
  keeper,
  fields: long({ zh: '字段', en: 'Fields' }).longest(200_000),
}

/** A county makes a register for itself: from now on it is like any other. */
export const declare = verb('county.dataset.declared', {
  on: countyDatasets,
  starts: true,
  title: { zh: '新建台账', en: 'New register' },
  done: { zh: '新建了台账', en: 'made the register' },
  fields: asked,
  decide(write, _, input) {
    checkFields(input.fields, undefined)
    // Named after the act that made it: unique without asking a clerk for a technical name.
    const name = `own.r${write.id.replaceAll('-', '').slice(4, 12)}${write.id.slice(-4)}`
    write.create(countyDatasets, {
      name,
      title: input.title,
      english: input.english,
      about: input.about,
      keeper: input.keeper,
      fields: input.fields,
    })
  },
})

/** Labels, options and new fields may come at any time; what records already hold keeps its kind and its place. */
export const redeclare = verb('county.dataset.redeclared', {
  on: countyDatasets,
  title: { zh: '修改字段', en: 'Change fields' },
  done: { zh: '修改了台账的字段', en: 'changed the fields of the register' },
  fields: asked,
  suggest: (record) => ({ ...record?.fields }),
  decide(write, record, input) {
    const next = checkFields(input.fields, undefined)
    for (const old of JSON.parse(record.fields.fields) as OwnField[]) {
      const now = next.find((each) => each.name === old.name)
      if (!now)
        refuse(
          {
            zh: `「${old.label.zh}」已经有数据,不能去掉;不再用时改成选填即可`,
            en: `"${old.label.en}" holds data and stays; make it optional when it is no longer used.`,
          },
          { field: 'fields' },
        )
      if (now.kind !== old.kind || now.to !== old.to)
        refuse(
          {
            zh: `「${old.label.zh}」的类型不能改,请另加一个字段`,
            en: `The kind of "${old.label.en}" stays; add another field instead.`,
          },
          { field: 'fields' },
        )
      const lost = Object.keys(old.options ?? {}).find((each) => !now.options?.[each])
      if (lost)
        refuse(
          {
            zh: `「${old.label.zh}」的选项「${old.options![lost]!.zh}」已经有人用,不能去掉`,
            en: `The option "${old.options![lost]!.en}" of "${old.label.en}" is in use and stays.`,
          },
          { field: 'fields' },
        )
    }
    write.change(countyDatasets, record.id, {
      title: input.title,
      english: input.english,
      about: input.about,
      keeper: input.keeper,
      fields: input.fields,
    })
  },
})
