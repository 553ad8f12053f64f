import type { Call } from '../call.ts'
import { install as installAt, places, uninstall as uninstallAt, upgrade as upgradeAt } from '../service.ts'

const where = (call: Call) => ({ at: places(call.flag('root') ?? '/'), staged: call.has('root') })

/** The box as a service of this machine: starts with it, under a user of its own. */
export async function install(call: Call) {
  const { at, staged } = where(call)
  await installAt(at, staged)
  call.report(at, [
    call.t({
      zh: `已安装并启动。数据在 ${at.data},设置写在 ${at.data}/xianhe.toml;首次登录的一次性密码: journalctl -u xianhe。`,
      en: `Installed and started. Data in ${at.data}, settings in ${at.data}/xianhe.toml; the one-time password: journalctl -u xianhe.`,
    }),
  ])
}

export async function uninstall(call: Call) {
  const { at, staged } = where(call)
  await uninstallAt(at, staged)
  call.report(at, [
    call.t({
      zh: `已卸载程序与服务;数据保留在 ${at.data}。`,
      en: `Program and service are gone; the data stays in ${at.data}.`,
    }),
  ])
}

export async function upgrade(call: Call) {
  const { at, staged } = where(call)
  const done = await upgradeAt(at, call.path(call.arg(0, 'FILE')), staged, call.number('patience', 60) * 1000)
  call.report(done, [
    call.t({
      zh: `已从 ${done.from} 升级到 ${done.to},运行正常;旧程序留在 ${at.previous}。`,
      en: `Upgraded from ${done.from} to ${done.to}, and healthy; the old program is kept at ${at.previous}.`,
    }),
  ])
}
