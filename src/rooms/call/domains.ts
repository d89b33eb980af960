import type { CallApp } from './types.ts';

/** As the browser writes it; undefined for what is no host. */
function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase().replace(/\.$/, '') : undefined;
}

/** Whether a host is a domain or below it: `example.org` has `www.example.org`, not `badexample.org`. */
function belongs(host: string, domain: string): boolean {
  const own = hostOf(`http://${domain.replace(/^\*?\./, '')}`);
  return own !== undefined && own !== '' && (host === own || host.endsWith(`.${own}`));
}

/** Whether a page, by its URL or Origin, may use the app. */
export function allowsPage({ domains }: CallApp, url: string): boolean {
  if (domains.length === 0) return true;
  const host = hostOf(url);
  return host !== undefined && host !== '' && domains.some((domain) => belongs(host, domain));
}
