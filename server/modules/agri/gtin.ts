import { rule } from '../../kernel/acts.ts'
import { gs1Check } from '../../kernel/checks.ts'
import { refuse } from '../../kernel/refusal.ts'
import { products } from './dataset.ts'

/** A mistyped bar code would lead buyers to somebody else's product. */
export const gtinHolds = rule(products, ({ fields }) => {
  const { gtin } = fields
  if (!gtin || gs1Check(gtin.slice(0, -1)) === gtin.at(-1)) return
  refuse(
    {
      zh: '商品条码校验位不对,可能有一位输错,请对照条码逐位核对',
      en: 'The check digit of the GTIN does not match: one digit is probably mistyped.',
    },
    { field: 'gtin' },
  )
})
