import type { Actor } from '../kernel/access.ts'
import type { ActRequest, Receipt } from '../kernel/acts.ts'
import { isId } from '../kernel/ids.ts'
import { Refusal } from '../kernel/refusal.ts'
import type { Store } from '../kernel/store.ts'

/** One act from a device, decided with questions for overlaps. Whatever is wrong with it is an answer, never a throw. */
export function answer(store: Store, actor: Actor, request: ActRequest): Receipt {
  if (!request || typeof request !== 'object' || !isId(request.id) || typeof request.name !== 'string')
    return {
      id: String(request?.id ?? ''),
      outcome: 'refused',
      message: { zh: '这一条读不懂,请重新填写', en: 'This entry cannot be read; fill it in again.' },
    }
  try {
    return store.act(actor, request, { onOverlap: 'question' })
  } catch (error) {
    if (error instanceof Refusal)
      return { id: request.id, outcome: 'refused', message: error.words, field: error.field, all: error.all }
    throw error
  }
}
