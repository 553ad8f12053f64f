// What the doctor says of the keys a node signs with.

import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { examine } from './doctor.ts'
import { openBox } from './open.ts'
import { settle } from './settings.ts'

const root = mkdtempSync(join(tmpdir(), 'xianhe-doctor-'))
afterAll(() => rmSync(root, { recursive: true }))

test('each key of the node is looked at: there, whole, and readable by this user only', async () => {
  const settings = settle({ data: join(root, 'county'), division: '430981' }, {})
  const box = openBox(settings)
  const { data } = box
  box.close()
  const said = async () => {
    const found = (await examine(data, settings, () => {})).find((each) => each.about.en === 'keys')!
    return [found.state, `${found.says.en} ${found.cure?.en ?? ''}`.trim()]
  }
  expect(await said()).toEqual(['good', 'readable by this user only'])
  for (const name of ['node.pem', 'node-sm2.pem']) {
    const file = join(data.keys, name)
    const whole = readFileSync(file, 'utf8')
    chmodSync(file, 0o644)
    expect(await said()).toEqual(['bad', `other users can read ${name} Run chmod 600 ${file}`])
    chmodSync(file, 0o600)
    writeFileSync(file, whole.slice(0, 90))
    expect(await said()).toEqual([
      'bad',
      `${name}: damaged Take the file of the same name in keys/ from a backup.`,
    ])
    rmSync(file)
    expect((await said())[0]).toBe('look')
    writeFileSync(file, whole, { mode: 0o600 })
    expect((await said())[0]).toBe('good')
  }
})
