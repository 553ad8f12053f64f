// The SQL of core.db in order, embedded in the binary. drizzle-kit writes the files; a test compares this list with its journal.
import spine from './0000_spine.sql' with { type: 'text' }
import places from './0001_places.sql' with { type: 'text' }
import sync from './0002_sync.sql' with { type: 'text' }
import fieldDevices from './0003_field-devices.sql' with { type: 'text' }
import markFields from './0004_mark-fields.sql' with { type: 'text' }
import marks from './0005_marks.sql' with { type: 'text' }
import parcels from './0006_parcels.sql' with { type: 'text' }
import peerSignature from './0007_peer-signature.sql' with { type: 'text' }

export const core: string[] = [spine, places, sync, fieldDevices, markFields, marks, parcels, peerSignature]
