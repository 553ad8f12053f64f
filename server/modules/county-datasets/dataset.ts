import { dataset } from '../../kernel/dataset.ts'
import { choice, long, text } from '../../kernel/fields.ts'

/** Registers a county made for itself. The declaration is a record like any other, so it has a history and travels in packages. */
export const countyDatasets = dataset('county.dataset', {
  title: { zh: '自建台账', en: 'Own register' },
  about: {
    zh: '本县自己定义的台账,定义好即可登记、导入、导出和上图',
    en: 'Registers the county defined for itself: pages, import, export and map come with the definition',
  },
  fields: {
    name: text({ zh: '台账代号', en: 'Register name' }).key().longest(60),
    title: text({ zh: '台账名称', en: 'Title' }).longest(40),
    english: text({ zh: '英文名称', en: 'English title' }).longest(80).optional(),
    about: text({ zh: '用途说明', en: 'What it is for' }).longest(200).optional(),
    keeper: choice(
      { zh: '由谁维护', en: 'Kept by' },
      { township: { zh: '乡镇', en: 'Townships' }, county: { zh: '县级部门', en: 'County departments' } },
    ),
    /** JSON array of fields; see own-field.ts. */
    fields: long({ zh: '字段', en: 'Fields' }).longest(200_000),
  },
  keeper: 'county',
  closed: true,
  reach: 'below',
  label: '{title}',
  columns: ['title', 'name', 'keeper', 'about'],
})
