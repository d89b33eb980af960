import type { Gateway } from './gateway.ts';

const rows = (pairs: ReadonlyArray<readonly [string, string]>): string =>
  pairs.map(([key, value]) => `    ${key.padEnd(22)}${value}\n`).join('');

/** What the first screen after the start says: where the console is, who logs in, what to type into a camera. */
export function welcome({ facts }: Gateway, demo: boolean): string {
  const [address = '127.0.0.1', ...others] = facts.addresses;
  const urls = demo ? ['127.0.0.1'] : [address, ...others];
  let text = `\ngbrtc ${facts.version} is running\n\n  Console\n`;
  for (const host of urls) text += `    http://${host.includes(':') ? `[${host}]` : host}:${facts.httpPort}\n`;
  if (!facts.authEnabled) {
    text += '    Everybody who reaches this port may see every camera: http.auth.enable is off.\n';
  } else if (facts.newAdminPassword !== undefined) {
    text += rows([
      ['user', facts.adminName],
      ['password', `${facts.newAdminPassword}   (shown only this once)`],
    ]);
  }
  if (demo) return `${text}\n  Three virtual cameras are connecting. Ctrl-C ends everything.\n\n`;
  text += `\n  Type into a camera's GB28181 page\n${rows([
    ['SIP server ID', facts.serial],
    ['SIP domain', facts.realm],
    ['SIP server address', address],
    ['SIP server port', `${facts.sipPort} (UDP or TCP)`],
    ['password', sipPasswordText(facts)],
  ])}`;
  return `${text}\n  Ctrl-C ends everything.\n\n`;
}

function sipPasswordText(facts: Gateway['facts']): string {
  if (!facts.sipAuthEnabled) return 'any (gb28181.auth.enable is off)';
  if (facts.newSipPassword !== undefined) return facts.newSipPassword;
  return 'see "Connect a camera" in the console';
}
