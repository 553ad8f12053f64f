import { isCompiled } from './processes.ts'

/** Styles and scripts are in the binary; from source they are built when something changed. */
export async function buildFromSource() {
  if (isCompiled()) return
  // Named at run time, so that the bundler stays outside of the binary.
  const builder = `${import.meta.dir}/../web/build.ts`
  const { buildAssets } = (await import(builder)) as typeof import('../web/build.ts')
  await buildAssets({ quiet: true })
}
