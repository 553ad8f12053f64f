import { expect, test } from 'bun:test'
import { join } from 'node:path'

test('the field pages need nothing of the box: they bundle for a browser', async () => {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, 'field-pages.ts')],
    target: 'browser',
    minify: true,
    metafile: true,
    throw: false,
  })
  expect(built.logs.map(String)).toEqual([])
  const inputs = Object.keys(built.metafile!.inputs)
  // The browser target would quietly replace these with stand-ins.
  const foreign = inputs.filter((each) =>
    /^(node|bun):|sqlite|drizzle|server\/http\/(accounts|api|app|doors|files|import|export|transfer|system)/.test(
      each,
    ),
  )
  expect(foreign).toEqual([])
  expect(built.outputs[0]!.size).toBeLessThan(250_000)
})
