import { expect, test } from 'vitest';
import { socketUrl } from './socket-url.ts';

test.each([
  { page: { protocol: 'https:', host: 'h' }, path: '/meeting', token: 'a b', url: 'wss://h/meeting?token=a%20b' },
  { page: { protocol: 'http:', host: 'h:8025' }, path: '/ws', token: '', url: 'ws://h:8025/ws' },
])('$url', ({ page, path, token, url }) => expect(socketUrl(page, path, token)).toBe(url));
