import { verb } from '../../kernel/acts.ts'
import { choice, division, ref } from '../../kernel/fields.ts'
import { cases, levels } from './dataset.ts'
import { mustBe } from './process.ts'

/** 立案: the centre takes it on, with a category, and so with a limit. */
export const filed = verb('cases.case.filed', {
  on: cases,
  title: { zh: '受理立案', en: 'File' },
  done: { zh: '受理立案', en: 'filed the case' },
  main: true,
  fields: {
    category: ref('cases.category', { zh: '类别', en: 'Category' }),
    level: choice({ zh: '紧急程度', en: 'Urgency' }, levels),
    division: division({ zh: '所属乡镇(街道)', en: 'Township' }).optional(),
  },
  when: (record) => record.fields.state === 'reported',
  suggest: (record) => ({
    category: record?.fields.category,
    level: record?.fields.level,
    division: record?.fields.division,
  }),
  decide(write, record, input) {
    mustBe(record, 'reported')
    write.change(cases, record.id, { ...input, state: 'filed', filedAt: write.at })
  },
})
