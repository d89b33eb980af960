/** A WebSocket of the page's own origin; behind a reverse proxy too. */
export function socketUrl(
  page: { readonly protocol: string; readonly host: string },
  path: string,
  token = '',
): string {
  const query = token === '' ? '' : `?token=${encodeURIComponent(token)}`;
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${path}${query}`;
}
