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
 * What was done to a record without the knowledge of whoever decided an act on `origin`: of each field the newest
 * setting, when that came neither from `origin` itself nor is known there. `knows` names, per node, the newest of its
 * acts on this record that the decider had seen; a node's acts travel in order, so it knew those before it as well.
 */
export function concurrent(past: Past[], origin: string, knows: Record<string, string>): Past[] {
  const upTo = new Map<string, number>()
  // An act of a third node that has not come here yet: whoever has it has all we have of that node.
  for (const [node, id] of Object.entries(knows))
    upTo.set(node, past.find((each) => each.act === id)?.seq ?? Number.POSITIVE_INFINITY)
  const settled = new Set<string>()
  const found: Past[] = []
  for (const each of past.toReversed()) {
    const newest = Object.keys(each.fields).filter((field) => !settled.has(field))
    for (const field of newest) settled.add(field)
    if (newest.length === 0 || each.origin === origin || each.seq <= (upTo.get(each.origin) ?? 0)) continue
    found.unshift({ ...each, fields: Object.fromEntries(newest.map((field) => [field, each.fields[field]])) })
  }
  return found
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
