import { expect, test } from 'vitest';
import { CELL_MIME, CHANNEL_MIME, readDrop } from './drag.ts';

test.each([
  {
    name: 'a channel',
    data: { [CHANNEL_MIME]: '{"deviceId":"d","channelId":"c"}' },
    dropped: { deviceId: 'd', channelId: 'c' },
  },
  { name: 'a cell', data: { [CELL_MIME]: '12' }, dropped: { cell: 12 } },
  { name: 'a file or text from elsewhere', data: {}, dropped: undefined },
  { name: 'something wrong in our type', data: { [CHANNEL_MIME]: '{"deviceId":1}' }, dropped: undefined },
])('$name', ({ data, dropped }) => {
  expect(readDrop((type) => (data as Record<string, string>)[type] ?? '')).toEqual(dropped);
});
