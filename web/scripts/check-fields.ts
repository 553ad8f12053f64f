// Numbers are checked as a person leaves the field, by the same rules as at the door of the act.

import { creditCodeFault, idNumberFault, phoneFault } from '../../server/kernel/checks.ts'
import { chinese, say } from './drawn.ts'

export function checkFields() {
  document.addEventListener('focusout', (event) => {
    const input = event.target as HTMLInputElement
    if (!input.matches?.('[data-check]')) return
    tidy(input)
    show(input, faultOf(input))
  })
  // Once marked wrong, a field turns right while it is being mended, not after.
  document.addEventListener('input', (event) => {
    const input = event.target as HTMLInputElement
    if (input.matches?.('[data-check][aria-invalid="true"]') && !faultOf(input)) show(input, undefined)
  })
}

function tidy(input: HTMLInputElement) {
  const kind = input.dataset.check
  if (kind === 'id-number' || kind === 'credit-code')
    input.value = half(input.value).replaceAll(/\s/g, '').toUpperCase()
  else if (kind === 'phone') input.value = half(input.value).replaceAll(/\s/g, '')
  else if (kind === 'integer' || kind === 'decimal') input.value = half(input.value).trim()
}

/** Full-width digits and letters come easily from a Chinese keyboard. */
const half = (text: string) =>
  text.replaceAll(/[！-～]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0))

function faultOf(input: HTMLInputElement): string | undefined {
  const text = half(input.value).trim()
  if (!text) return undefined
  const { check, min, max, pattern, patternSays } = input.dataset
  const words =
    check === 'id-number'
      ? idNumberFault(text.toUpperCase())
      : check === 'credit-code'
        ? creditCodeFault(text.toUpperCase())
        : check === 'phone'
          ? phoneFault(text)
          : undefined
  if (words) return chinese() ? words.zh : words.en
  if (check === 'pattern' && pattern && !new RegExp(`^(?:${pattern})$`, 'u').test(text))
    return patternSays ?? say('格式不对', 'Wrong form')
  if (check !== 'integer' && check !== 'decimal') return undefined
  const value = Number(text.replaceAll(/[,,\s]/g, ''))
  if (!Number.isFinite(value)) return say('只填数字,不带单位', 'Numbers only; leave the unit out')
  if (check === 'integer' && !Number.isInteger(value)) return say('应为整数', 'Should be a whole number')
  if (min !== undefined && value < Number(min)) return say(`不能小于 ${min}`, `Cannot be less than ${min}`)
  if (max !== undefined && value > Number(max)) return say(`不能大于 ${max}`, `Cannot be more than ${max}`)
  return undefined
}

function show(input: HTMLInputElement, fault: string | undefined) {
  const field = input.closest('.field')
  const place = field?.querySelector<HTMLElement>('[data-fault]')
  if (!field || !place) return
  place.textContent = fault ?? ''
  place.hidden = !fault
  field.classList.toggle('field-wrong', Boolean(fault))
  input.setAttribute('aria-invalid', String(Boolean(fault)))
  const described = new Set((input.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean))
  if (fault) described.add(place.id)
  else described.delete(place.id)
  input.setAttribute('aria-describedby', [...described].join(' '))
}
