const ACCOUNT = /^([a-z]+:\/\/)[^/?]*@/i;
/** Some cameras want their account there, and gateways a token. */
const QUERY_SECRET = /([?&](?:pass|pwd|token|secret)[^=&]*=)[^&]*/gi;

/** A URL as logs and people may see it: without its account, the secrets of its query as `***`. */
export function shownUrl(url: string): string {
  return url.replace(ACCOUNT, '$1').replace(QUERY_SECRET, '$1***');
}
