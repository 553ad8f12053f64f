// Conflicts are settled without clocks. Two changes are concurrent when neither decider knew of the other's; fields
// that only one side changed merge by themselves, fields that both changed are an overlap.

import type { DatasetSpec, Keeper } from './dataset.ts'
import { same } from './decide.ts'

/** A past change of a record with the act that made it. */
export interface Past {
  version: number
  fields: Record<string, unknown>
  seq: number
  act: string
  actor: string
  by: string
  at: string
  origin: string
}

/**
 * The fields of `mine` that `since` also changed, to something else. Fields declared as a group overlap together:
 * two halves of one address must not come from two people.
 */
export function concurrentFields(
  spec: DatasetSpec,
  mine: Record<string, unknown>,
  since: Past[],
  current: Record<string, unknown>,
): string[] {
  const theirs = new Set(since.flatMap((each) => Object.keys(each.fields)))
  const groups = new Set([...theirs].map((field) => spec.fields[field]?.group).filter(Boolean))
  return Object.keys(mine).filter((field) => {
    const touched = theirs.has(field) || groups.has(spec.fields[field]?.group)
    return touched && !same(mine[field] ?? null, current[field] ?? null)
  })
}

/** Whether the incoming side stands: the side nearer the keeper's level; between equals the act with the smaller id, so that both ends agree. */
export function nearerKeeper(
  keeper: Keeper,
  incoming: string,
  standing: string,
  incomingAct: string,
  standingAct: string,
): boolean {
  const far = (division: string) => Math.abs(levels.indexOf(levelOf(division)) - levels.indexOf(keeper))
  const difference = far(incoming) - far(standing)
  return difference === 0 ? incomingAct < standingAct : difference < 0
}

const levels: Keeper[] = ['village', 'township', 'county', 'prefecture', 'province']
/** Level of a division by the length of its code (GB/T 2260: 2, 4, 6; GB/T 10114: 9; statistics bureau: 12). */
export const levelOf = (division: string): Keeper =>
  division.length >= 12
    ? 'village'
    : division.length >= 9
      ? 'township'
      : division.length >= 6
        ? 'county'
        : division.length >= 4
          ? 'prefecture'
          : 'province'
