import type { Grant, Role } from '../../kernel/access.ts'

/** Who works in a county office. Every module grants to these names what its own matter needs. */
export const roles: Role[] = [
  { name: 'administrator', title: { zh: '管理员', en: 'Administrator' } },
  { name: 'department-clerk', title: { zh: '部门经办', en: 'Department clerk' } },
  { name: 'township-worker', title: { zh: '乡镇工作人员', en: 'Township worker' } },
  { name: 'trace-clerk', title: { zh: '溯源录入员', en: 'Traceability clerk' } },
  { name: 'leader', title: { zh: '领导', en: 'Leader' } },
  { name: 'public', title: { zh: '公众', en: 'Public' } },
]

export const grants: Grant[] = [
  { role: 'administrator', read: ['*'], act: ['*'], may: ['*'] },
  {
    role: 'department-clerk',
    // Two values for one field wait for whoever keeps the record, not for the administrator.
    read: ['base.*', 'kernel.question'],
    act: [
      'base.entity.*',
      'base.person.*',
      'base.division.created',
      'base.division.amended',
      'kernel.question.answered',
    ],
    may: ['personal', 'export', 'import'],
  },
  {
    role: 'township-worker',
    read: ['base.*', 'kernel.question'],
    act: [
      'base.entity.created',
      'base.entity.amended',
      'base.person.created',
      'base.person.amended',
      'kernel.question.answered',
    ],
    may: ['personal', 'export'],
  },
  { role: 'trace-clerk', read: ['base.division', 'base.entity'] },
  { role: 'leader', read: ['base.division', 'base.entity'], may: ['export'] },
  { role: 'public', read: ['base.division', 'base.entity'] },
]
