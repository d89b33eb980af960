import { describe, expect, test } from 'vitest';
import { callLink, callTarget, describeClient, newUid, randomRoom } from './call-link.ts';

describe('the address of the page', () => {
  test.each([
    { name: 'nothing', query: {}, target: { app: '10000', room: '', name: '', token: '' } },
    {
      name: 'everything',
      query: { app: 'desk', room: ' 22 ', name: 'Ann', token: 'T' },
      target: { app: 'desk', room: '22', name: 'Ann', token: 'T' },
    },
    {
      name: 'twice, too long, with control characters',
      query: { room: ['a', 'b'], name: 'A\u0000\u202E'.repeat(50), app: 'x'.repeat(100) },
      target: { app: 'x'.repeat(64), room: '', name: 'A'.repeat(40), token: '' },
    },
  ])('$name', ({ query, target }) => expect(callTarget(query)).toEqual(target));

  test.each([
    { target: { app: '10000', room: '22', token: '' }, link: 'https://g/call?room=22' },
    {
      target: { app: 'a&b', room: '早会', token: 't' },
      link: 'https://g/call?app=a%26b&room=%E6%97%A9%E4%BC%9A&token=t',
    },
  ])('$link', ({ target, link }) => {
    expect(callLink('https://g', target)).toBe(link);
    expect(callTarget(Object.fromEntries(new URL(link).searchParams))).toEqual({ ...target, name: '' });
  });
});

test.each([
  { name: 'Ann Lee', uid: 'AnnLee-abcdefghjkm' },
  { name: '小王', uid: 'guest-abcdefghjkm' },
  { name: 'x'.repeat(99), uid: `${'x'.repeat(20)}-abcdefghjkm` },
])('uid of $name', ({ name, uid }) => {
  expect(newUid(name, 'abcdefghjkmnpq')).toBe(uid);
  expect(uid.length).toBeLessThanOrEqual(32);
});

test('a room number has six digits', () => {
  expect([randomRoom(() => 0), randomRoom(() => 0.999_999_9)]).toEqual(['100000', '999999']);
});

test.each([
  {
    agent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
    client: { browser: 'chrome140', osName: 'Windows' },
  },
  {
    agent: 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0',
    client: { browser: 'edge140', osName: 'Windows' },
  },
  {
    agent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/1 Safari/604.1',
    client: { browser: 'safari18', osName: 'iOS' },
  },
  {
    agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    client: { browser: 'firefox140', osName: 'Linux' },
  },
  { agent: '', client: { browser: 'unknown', osName: 'unknown' } },
])('$client.browser on $client.osName', ({ agent, client }) => expect(describeClient(agent)).toEqual(client));
