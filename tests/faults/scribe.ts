// A clerk who never stops: decides acts on the store given as argument and says each id once it was acknowledged.
// Killed from outside at any moment.

import { newId } from '../../server/kernel/ids.ts'
import { people, sampleCounty } from '../county.ts'

const county = sampleCounty({ file: process.argv[2]! })
const towns = ['430981114', '430981107', '430981113']
for (let i = 0; ; i++) {
  const id = newId()
  const receipt = county.act(county.store.system, {
    id,
    name: 'base.division.created',
    record: newId(),
    fields: {
      code: `${towns[i % 3]}${String(200 + (i % 200)).padStart(3, '0')}`,
      name: `${people.wen.name}登记 ${i}`,
      level: 'village',
    },
  })
  // Refusals (the code was used before the last crash) are answers too, but promise nothing.
  if (receipt.outcome === 'accepted') process.stdout.write(`${id}\n`)
  if (i % 7 === 0)
    county.act(county.store.system, {
      id: newId(),
      name: 'base.division.withdrawn',
      record: county.store.acts(county.store.seq - 1, 1)[0]?.changes[0]?.record,
    })
  await new Promise((resume) => setImmediate(resume))
}
