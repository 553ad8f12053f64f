// An Apple configuration profile with nothing in it but the county's certificate: iPhones and Macs install it in Settings.

import { createHash } from 'node:crypto'
import type { SecureDoor } from '../services.ts'

export function profileOf(authority: SecureDoor['authority'], county: string): string {
  // The same authority makes the same profile: installing it again replaces it instead of adding a second one.
  const profile = uuidFrom(`profile ${authority.sha256}`)
  const payload = uuidFrom(`payload ${authority.sha256}`)
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>local.xianhe.${profile.toLowerCase()}</string>
  <key>PayloadUUID</key><string>${profile}</string>
  <key>PayloadDisplayName</key><string>${escaped(county)}县盒安全连接</string>
  <key>PayloadOrganization</key><string>${escaped(county)}县盒</string>
  <key>PayloadDescription</key><string>让本机信任${escaped(county)}县盒。指纹 SHA-256 ${authority.sha256}</string>
  <key>PayloadRemovalDisallowed</key><false/>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>local.xianhe.${profile.toLowerCase()}.root</string>
      <key>PayloadUUID</key><string>${payload}</string>
      <key>PayloadDisplayName</key><string>${escaped(authority.name)}</string>
      <key>PayloadCertificateFileName</key><string>xianhe-ca.crt</string>
      <key>PayloadContent</key>
      <data>${Buffer.from(authority.der).toString('base64')}</data>
    </dict>
  </array>
</dict>
</plist>
`
}

function uuidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex').toUpperCase()
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-A${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
