/**
 * Header in which the box names itself, by its node id, in every answer: a field device believes its own box only, and
 * not a portal that answers for everybody, nor another box that has the address today.
 */
export const boxMark = 'x-xianhe'
