/** RFC 5321 §4.1.2 without quoted local parts, source routes and address literals; no control character, no blank. */
const ADDRESS = /^[^\s"(),:;<>@[\\\]\p{Cc}]{1,64}@[^\s"(),:;<>@[\\\]\p{Cc}]{1,255}$/u;
const NAMED = /^([^"<>\p{Cc}]{0,200})<([^<>]+)>$/u;

/** True for `name@host` only. */
export const isMailAddress = (text: string): boolean => ADDRESS.test(text);

/** The parts of `name@host` or `Name <name@host>`; undefined for anything else. */
export function parseMailSender(text: string): { readonly name: string; readonly address: string } | undefined {
  const [, name = '', address = text] = NAMED.exec(text.trim()) ?? [];
  return isMailAddress(address) ? { name: name.trim(), address } : undefined;
}
