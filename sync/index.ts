// Packages between the tiers: what the rest of the box uses.
//
//   const exchange = openExchange({ store, data, onChange: () => events.publish('line') })
//   await resumeReceives(exchange); await finishUploads(exchange)      after a start: what was cut short goes on
//   app.route('/sync/v1', syncRoutes(exchange))                        the doors for peers (bearer token per peer)
//   const stop = keepLines(exchange)                                   push, pull and receipts, as long as it runs
//   services.line = { state: () => lineState(exchange) }               the top bar
//   syncModule(exchange)   (sync/page/index.tsx)                       the page 与上级同步
//
// For the verbs of the command line; each answers with plain data that `--json` can print, and throws `Refusal` with a
// sentence (zh and en) when a person can mend it:
//
//   peer card                 ownCard(store, exchange.seals.publicKeys, address)           → Card; JSON.stringify it
//   peer key                  exchange.seals.publicKeys                                    → { alg, id, pem }[]
//   peer add FILE|TEXT        addPeer(store, { card: readCard(text), token?, address?, policy?, accepts?, signature? })
//                                                                                          → { peer, secret }: print the secret once;
//                             invitation(exchange, secret, address) is our card with that secret, to hand to the other side
//   peer list                 listPeers(store)                                             → Peer[]
//   peer disable|enable WHO   disablePeer(store, who, true|false)                          → Peer
//   peer connect WHO          connectPeer(store, who, { token?, address? })                → Peer
//   peer secret WHO           renewSecret(store, who)                                      → { peer, secret }
//   peer policy WHO           setPolicy(store, who, { datasets?, personal?, files?, readings?, scope? }) → Peer
//   peer signature WHO ALG    setSignature(store, who, alg)                                → Peer
//   package --for PEER [--to DIR]   packageFor(exchange, peer, dir?)                       → { packages, receipts, copied }
//   receive FILE…             receivePackage(exchange, file, 'hand')                       → Received (outcome, counts, reason)
//                             a directory: importFrom(exchange, dir)                       → StickImport
//   verify FILE…              verifyPackage(file, keysOf)                                  → VerifyReport; keysOf: knownKeys(exchange), or
//                             () => readPublicKeys(pem) for `--key FILE` without a box
//   sync [PEER]               exchangeAll(exchange, peer?)                                 → Exchanged[]

import type { Exchange } from './exchange.ts'
import { type Card, findPeer, ownCard } from './peers.ts'
import type { PublicKey } from './seal.ts'

export { cutAgain, cutPackages, type PackageOut, packageOut, packagesFor, pendingFor } from './cut.ts'
export { syncRoutes } from './doors.ts'
export { type Exchange, type ExchangeOptions, openExchange, type ReadingsSource } from './exchange.ts'
export { finishUploads } from './inbox.ts'
export { defaultPolicy, type Manifest, type Policy } from './manifest.ts'
export {
  addPeer,
  type Card,
  connectPeer,
  disablePeer,
  findPeer,
  listPeers,
  ownCard,
  type Peer,
  readCard,
  renewSecret,
  setPolicy,
  setSignature,
  upperPeer,
} from './peers.ts'
export { type PackageReceipt, takeReceipt } from './receipt.ts'
export {
  asides,
  lastFrom,
  type PackageIn,
  packagesIn,
  type Received,
  receivePackage,
  resumeReceives,
  retryAsides,
  retryRefused,
} from './receive.ts'
export { PackageRefused } from './refused.ts'
export { type Algorithm, type PublicKey, readPublicKey, readPublicKeys } from './seal.ts'
export { fateOf, isImported, lineState, troubles } from './state.ts'
export { importFrom, packageFor, type StickImport } from './stick.ts'
export { type VerifyReport, verifyPackage } from './verify.ts'
export { type Exchanged, exchangeAll, exchangeWith, keepLines, sendAgain } from './wire.ts'

/** The keys of every node this box knows, its own included: what `verify` checks signatures against. */
export const knownKeys =
  (exchange: Exchange) =>
  (node: string): PublicKey[] =>
    node === exchange.store.node.id ? exchange.seals.publicKeys : (findPeer(exchange.store, node)?.keys ?? [])

/** Our card for one peer, with the secret it calls us with: adding it on the other side joins both ends. */
export const invitation = (exchange: Exchange, secret: string, address?: string): Card => ({
  ...ownCard(exchange.store, exchange.seals.publicKeys, address ?? exchange.address()),
  token: secret,
})
