import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import { seed as seedCounty } from '../../seed/sample/index.ts'
import { addAccount, findAccount } from '../../server/http/accounts.ts'
import { closeTelemetry, openTelemetry } from '../../server/telemetry/open.ts'
import type { Call } from '../call.ts'
import { openBox } from '../open.ts'

/** Loads the sample county into the data directory. Again changes nothing. */
export async function seed(call: Call) {
  const started = performance.now()
  const scale = call.number('scale', 1)
  const box = openBox(call.settings)
  const { db: telemetry } = openTelemetry(box.data.telemetry)
  try {
    const toml = join(box.data.path, 'xianhe.toml')
    // Anyone may try mosquitto_pub on the sample county, from this machine only.
    if (!existsSync(toml))
      writeFileSync(toml, '# 样例县的设置;全部设置见 xianhe settings\n[mqtt]\nanonymous = "loopback"\n')
    const seeded = await seedCounty({
      store: box.store,
      telemetry: { db: telemetry, archiveDir: box.data.archive },
      scale,
      progress: progressLine(call),
    })
    const accounts = drizzle(box.store.db)
    for (const { who: _, ofCoop: __, ...login } of seeded.logins)
      if (!findAccount(accounts, login.name)) await addAccount(accounts, login)
    box.store.setFact('sample.done', new Date().toISOString())
    const seconds = (performance.now() - started) / 1000
    call.report({ ...seeded, data: box.data.path, seconds }, [
      call.t({
        zh: `样例县已在 ${box.data.path}: 新写 ${seeded.accepted} 条,原有 ${seeded.repeated} 条,用时 ${seconds.toFixed(1)} 秒。`,
        en: `The sample county is in ${box.data.path}: ${seeded.accepted} acts written, ${seeded.repeated} were there, ${seconds.toFixed(1)} s.`,
      }),
    ])
  } finally {
    closeTelemetry(telemetry)
    box.close()
  }
}

/** One line that is written over, at a terminal only. */
function progressLine(call: Call) {
  if (call.json || !process.stderr.isTTY) return undefined
  return (what: { zh: string; en: string }, done: number, of: number) => {
    process.stderr.write(
      `\r\x1b[K${call.t(what)} ${Math.floor((done / Math.max(of, 1)) * 100)}%${done >= of ? '\n' : ''}`,
    )
  }
}
