// Logs are JSON lines: one object a line, `at`, `level`, `room`, `say` and what belongs to it. Children write to their
// stdout and stderr, the parent reads both, so that a log file has one writer and rotates without losing a line.

import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export const levels = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof levels)[number]

export interface Log {
  (level: Level, say: string, more?: Record<string, unknown>): void
  /** A line as a child wrote it: kept when it is one of ours, wrapped when it is not. */
  line(room: string, text: string): void
  room(name: string): Log
  close(): void
}

export interface LogOptions {
  level: Level
  /** A directory, or stderr when absent. */
  directory?: string
  room?: string
  /** Bytes after which a file is put aside, and how many are kept. */
  rotateAt?: number
  keep?: number
}

export function openLog(options: LogOptions): Log {
  const write = options.directory
    ? rotating(options.directory, options.rotateAt ?? 10 << 20, options.keep ?? 5)
    : toStderr
  const least = levels.indexOf(options.level)
  const make = (room: string): Log => {
    const log = ((level, say, more) => {
      if (levels.indexOf(level) < least) return
      write.line(`${JSON.stringify({ at: new Date().toISOString(), level, room, say, ...readable(more) })}\n`)
    }) as Log
    log.line = (from, text) => {
      if (!text.trim()) return
      if (isOurs(text)) write.line(`${text}\n`)
      else make(from)('warn', text)
    }
    log.room = make
    log.close = write.close
    return log
  }
  return make(options.room ?? 'serve')
}

interface Writer {
  line(text: string): void
  close(): void
}

const toStderr: Writer = {
  line: (text) => {
    process.stderr.write(text)
  },
  close: () => {},
}

function rotating(directory: string, rotateAt: number, keep: number): Writer {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'box.jsonl')
  let descriptor = openSync(file, 'a')
  let size = statSync(file).size
  const rotate = () => {
    closeSync(descriptor)
    for (let n = keep - 1; n >= 1; n--) {
      const older = n === 1 ? file : `${file}.${n - 1}`
      if (existsSync(older)) renameSync(older, `${file}.${n}`)
    }
    descriptor = openSync(file, 'a')
    size = 0
  }
  return {
    line(text) {
      // A full disk must not stop the box for the sake of its diary of itself.
      try {
        if (size > rotateAt) rotate()
        size += writeSync(descriptor, text)
      } catch (error) {
        process.stderr.write(text)
        if ((error as { code?: string }).code !== 'ENOSPC') throw error
      }
    },
    close: () => closeSync(descriptor),
  }
}

const isOurs = (text: string) => text.startsWith('{"at":') && text.endsWith('}')

/** Errors become their message and stack: JSON.stringify would make `{}` of them. */
const readable = (more: Record<string, unknown> = {}) =>
  Object.fromEntries(
    Object.entries(more).map(([key, value]) =>
      value instanceof Error ? [key, { message: value.message, stack: value.stack }] : [key, value],
    ),
  )
