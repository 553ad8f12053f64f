import type { Events } from '../server/http/services.ts'

type Listener = (topic: string, data: unknown) => void

/** Wakes the live pages. A listener that throws is its own trouble: the others still hear. */
export function openEvents(onFault: (error: unknown) => void): Events {
  const listeners = new Set<Listener>()
  return {
    publish(topic, data) {
      for (const listener of listeners) {
        try {
          listener(topic, data)
        } catch (error) {
          onFault(error)
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
