const isLoopback = (host: string) =>
  host === 'localhost' || host.startsWith('127.') || host === '::1' || host === '[::1]';

/** The address to type into a camera: the one under which this page was reached, where a camera can use it, too. */
export function preferredHost(hosts: readonly string[], pageHost: string): string {
  if (hosts.includes(pageHost) && !isLoopback(pageHost)) return pageHost;
  return hosts.find((host) => !isLoopback(host)) ?? hosts[0] ?? pageHost;
}
