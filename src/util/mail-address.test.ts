import { expect, test } from 'vitest';
import { isMailAddress, parseMailSender } from './mail-address.ts';

test.each([
  ['a@b', true],
  ["o'neil+x.y@sub.example.org", true],
  ['müller@例え.jp', true],
  ['a@b@c', false],
  ['a b@c', false],
  ['<a@b>', false],
  ['a@b\n', false],
  ['@b', false],
  ['', false],
])('isMailAddress %j', (text, is) => expect(isMailAddress(text)).toBe(is));

test.each([
  ['gbrtc@localhost', { name: '', address: 'gbrtc@localhost' }],
  ['The Gateway <gbrtc@example.org>', { name: 'The Gateway', address: 'gbrtc@example.org' }],
  [' <gbrtc@example.org>', { name: '', address: 'gbrtc@example.org' }],
  ['nobody', undefined],
  ['a@b, c@d', undefined],
  ['x\r\nBcc: y <a@b>', undefined],
  ['a <b', undefined],
  ['<<a@b>>', undefined],
])('parseMailSender %j', (text, parts) => expect(parseMailSender(text)).toEqual(parts));
