// Tokens of field devices: user name = sensor id, password = token. Only the hash is kept; the ingest child reads the
// same table and looks again within two seconds.

import { randomBytes } from 'node:crypto'
import { refuse } from '../server/kernel/refusal.ts'
import type { Store } from '../server/kernel/store.ts'

export interface Device {
  sensor: string
  created: string
  disabled: boolean
}

/** A device's token, shown once. A device that has one gets a new one; the old one stops working. */
export function giveToken(store: Store, sensor: string): { sensor: string; token: string } {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(sensor))
    refuse({
      zh: '传感器编号用 1–64 个字母、数字、点、横线或下划线。',
      en: 'A sensor id has 1–64 letters, digits, dots, dashes or underscores.',
    })
  const token = `xhd_${randomBytes(24).toString('base64url')}`
  store.db
    .query(
      `insert into device(sensor, hash, created, disabled) values(?, ?, ?, 0)
       on conflict do update set hash = excluded.hash, created = excluded.created, disabled = 0`,
    )
    .run(sensor, new Bun.CryptoHasher('sha256').update(token).digest('hex'), store.moment())
  return { sensor, token }
}

export const listDevices = (store: Store): Device[] =>
  (
    store.db.query('select sensor, created, disabled from device order by sensor').all() as {
      sensor: string
      created: string
      disabled: number
    }[]
  ).map((row) => ({ ...row, disabled: row.disabled === 1 }))

export function disableDevice(store: Store, sensor: string, disabled: boolean) {
  const { changes } = store.db
    .query('update device set disabled = ? where sensor = ?')
    .run(disabled ? 1 : 0, sensor)
  if (changes === 0)
    refuse(
      {
        zh: `没有设备“${sensor}”,用 device list 查看。`,
        en: `There is no device "${sensor}"; see device list.`,
      },
      { kind: 'missing' },
    )
}
