import type { Grant } from '../../kernel/access.ts'

const steps = [
  'agri.batch.opened',
  'agri.batch.plot-added',
  'agri.batch.farm-work-recorded',
  'agri.batch.harvested',
  'agri.batch.inspected',
  'agri.batch.certified',
  'agri.batch.closed',
  'agri.harvest.corrected',
  'agri.certificate.voided',
]

export const grants: Grant[] = [
  { role: 'department-clerk', read: ['agri.*'], act: ['agri.*'] },
  // Township staff write for the many growers who have no clerk of their own.
  { role: 'township-worker', read: ['agri.*'], act: ['agri.plot.*', ...steps] },
  { role: 'trace-clerk', read: ['agri.*'], act: ['agri.plot.registered', 'agri.plot.amended', ...steps] },
  { role: 'leader', read: ['agri.*'] },
  {
    role: 'public',
    read: [
      'agri.product',
      'agri.plot',
      'agri.batch',
      'agri.batch-plot',
      'agri.farm-record',
      'agri.pesticide',
      'agri.interval',
      'agri.harvest',
      'agri.inspection',
      'agri.certificate',
    ],
  },
]
