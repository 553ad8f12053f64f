import { verb } from '../../kernel/acts.ts'
import { text } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { batches, certificates } from './dataset.ts'
import { settle } from './state.ts'

/** A certificate is never edited: it is declared void, its page says so for ever, and a new one is issued. */
export const voidCertificate = verb('agri.certificate.voided', {
  on: certificates,
  title: { zh: '作废', en: 'Void' },
  done: { zh: '作废了合格证', en: 'voided the certificate' },
  fields: { reason: text({ zh: '作废原因', en: 'Reason' }).longest(100) },
  when: (certificate) => certificate.fields.state === 'valid',
  decide(write, certificate, input) {
    if (certificate.fields.state === 'void')
      refuse({
        zh: '这张合格证已经作废,不能恢复;请重新开具',
        en: 'This certificate is void and stays void; issue another.',
      })
    write.change(certificates, certificate.id, {
      state: 'void',
      'void-reason': input.reason,
      'voided-on': write.today,
    })
    const batch = write.read(batches, certificate.fields.batch)
    if (batch) settle(write, batch)
  },
})
