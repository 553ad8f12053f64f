import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'

/** A DuckDB of our own for a moment: in memory, small, without a network, its clock in UTC. */
export async function withDuckdb<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  // Loaded when it is needed: a land of acts alone never pays for it.
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: '512MB',
    // Not the directory somebody happens to stand in.
    temp_directory: join(tmpdir(), `xianhe-land-${process.pid}`),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  try {
    await connection.run(`set TimeZone = 'UTC'`)
    return await use(connection)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
