import { Button } from '../../../web/ui/button.tsx'
import { Block } from '../../../web/ui/detail.tsx'
import { Table } from '../../../web/ui/table.tsx'
import type { Module } from '../../http/module.ts'
import { countyDatasets } from './dataset.ts'
import { declare, redeclare } from './declare.ts'
import { declarePages } from './declare-page.tsx'
import { kinds, type OwnField } from './own-field.ts'
import { knowOwnRegisters } from './own-registers.ts'

/** Registers a county makes for itself in the browser: the same declaration as in a source file, through the same door. */
export const ownRegisters: Module = {
  name: 'county-datasets',
  title: { zh: '自建台账', en: 'Own registers' },
  datasets: [countyDatasets],
  verbs: [declare, redeclare],
  grants: [
    { role: 'department-clerk', read: ['own.*', 'county.dataset'], act: ['own.*'] },
    { role: 'township-worker', read: ['own.*', 'county.dataset'], act: ['own.*'] },
    { role: 'leader', read: ['own.*', 'county.dataset'] },
  ],
  menu: [
    {
      place: 'registers',
      title: { zh: '自建台账', en: 'Own registers' },
      path: '/d/county.dataset',
      needs: 'act:county.dataset.declared',
    },
  ],
  atStart: knowOwnRegisters,
  pages: declarePages,
  blocks: {
    'county.dataset': async ({ t, record }) => {
      const own = JSON.parse(String(record.fields.fields)) as OwnField[]
      return (
        <Block
          title={t({ zh: '字段', en: 'Fields' })}
          more={
            <Button
              title={t({ zh: '打开台账', en: 'Open the register' })}
              path={`/d/${record.fields.name}`}
              icon="registers"
              small
            />
          }
        >
          <Table
            t={t}
            id="fields"
            caption={t({ zh: '字段', en: 'Fields' })}
            columns={[
              { title: t({ zh: '名称', en: 'Name' }) },
              { title: t({ zh: '类型', en: 'Kind' }) },
              { title: t({ zh: '选项或单位', en: 'Options or unit' }) },
              { title: t({ zh: '接口里叫', en: 'In the API' }), kind: 'code' },
            ]}
            rows={own.map((each) => ({
              id: each.name,
              cells: [
                t(each.label),
                t(kinds[each.kind] ?? { zh: each.kind, en: each.kind }),
                each.options ? Object.values(each.options).map(t).join('、') : each.unit ? t(each.unit) : '',
                each.name,
              ],
            }))}
            empty={{ text: '—' }}
          />
        </Block>
      )
    },
  },
}
