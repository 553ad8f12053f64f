/** A request whose text travels packed: what a day's entries say shrinks to a quarter, and on a village line that is minutes. */
export async function packed(init: RequestInit): Promise<RequestInit> {
  // Below this a packet is a packet. Browsers before Chromium 80 cannot pack; the box reads both.
  if (typeof init.body !== 'string' || init.body.length < 1000 || typeof CompressionStream === 'undefined')
    return init
  const body = await new Response(
    new Blob([init.body]).stream().pipeThrough(new CompressionStream('gzip')),
  ).arrayBuffer()
  return {
    ...init,
    body,
    headers: { ...(init.headers as Record<string, string>), 'content-encoding': 'gzip' },
  }
}
