// markercluster extends the global L, as plug-ins of Leaflet 1 do.
import * as L from 'leaflet'

// A module's namespace cannot be extended: the plug-in gets, and we use, a copy that can.
const open = { ...L }
Object.assign(window, { L: open })
export default open
