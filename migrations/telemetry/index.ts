// The SQL of telemetry.db in order, embedded in the binary. WITHOUT ROWID was added by hand: drizzle-kit has no word for it.
import readings from './0000_readings.sql' with { type: 'text' }

export const telemetry: string[] = [readings]
