/** GB/T 28181 annex D: type codes at digits 11-13 of an ID. */
const IPC = '132';
const CHANNEL = '131';

const number = (domain: string, type: string, serial: number) =>
  `${domain.padEnd(10, '0').slice(0, 10)}${type}${String(serial).padStart(7, '0')}`;

/** The first device ID of the domain that nobody uses, from `start` on, with a channel ID of the same number. */
export function suggestIds(
  realm: string,
  used: ReadonlySet<string>,
  start = 1,
): { deviceId: string; channelId: string; serial: number } {
  const domain = /^\d{10}/.test(realm) ? realm.slice(0, 10) : '3402000000';
  let serial = start;
  while (used.has(number(domain, IPC, serial)) && serial < 9_999_999) serial++;
  return { deviceId: number(domain, IPC, serial), channelId: number(domain, CHANNEL, serial), serial };
}
