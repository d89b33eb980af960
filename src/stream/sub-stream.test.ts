import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DeviceSettings, SubStreamDialect } from '../gb28181/index.ts';
import type { Streams } from './types.ts';
import { closeScripted, openScripted, VIEWER, type ScriptedStreams } from '../../test/support/scripted-streams.ts';
import { CHANNEL_ID, DEVICE_ID, testDevice } from '../../test/support/stream-fakes.ts';

const MAIN = { deviceId: DEVICE_ID, channelId: CHANNEL_ID, subStream: 0 };
const SUB = { ...MAIN, subStream: 1 };

let parts: ScriptedStreams['parts'];
let streams: Streams;

beforeEach(() => {
  ({ parts, streams } = openScripted());
});
afterEach(() => closeScripted({ parts, streams }));

/** A device that is asked in this dialect and sends pictures of this width for the sub-stream. */
function device(dialect: SubStreamDialect, subWidth: number): void {
  const settings: DeviceSettings = { subStreamDialect: dialect };
  parts.platform.current = testDevice({ settings });
  parts.platform.script = ({ subStream }, ingest) => {
    const width = subStream === 0 ? 1280 : subWidth;
    setTimeout(() => {
      ingest.sendRtp();
      ingest.sendTrack({ width, height: (width * 9) / 16 });
      ingest.emit('firstKeyFrame');
    }, 10);
  };
}

async function open(request: typeof MAIN) {
  const [snapshot] = await Promise.all([streams.open(request), vi.advanceTimersByTimeAsync(100)]);
  return snapshot;
}

const told = () =>
  streams
    .plays()
    .flatMap(({ timeline }) => timeline)
    .filter(({ stage }) => stage === 'sub_stream')
    .map(({ detail }) => detail);

describe('a sub-stream', () => {
  test.each([
    {
      name: 'of another size was selected',
      dialect: 'streamnumber',
      width: 640,
      choice: 'selected',
      detail: '640x360, asked for by a=streamnumber:1; the main stream has 1280x720',
    },
    {
      name: 'quirk: the device ignores the choice and sends the main stream',
      dialect: 'streamMode',
      width: 1280,
      choice: 'ignored',
      detail: '1280x720, asked for by a=streamMode:sub, is the size of the main stream: the device ignored the choice',
    },
    {
      name: 'of a device without a dialect was not asked for',
      dialect: 'none',
      width: 1280,
      choice: 'not_asked',
      detail: "1280x720; not asked for: the device's sub-stream dialect is none",
    },
  ] as const)('$name', async ({ dialect, width, choice, detail }) => {
    device(dialect, width);
    expect(await open(MAIN)).not.toHaveProperty('subStreamChoice');
    expect(await open(SUB)).toMatchObject({ subStreamChoice: choice });
    expect(told()).toEqual([detail]);
  });

  test('is judged by the main stream as it was last seen, also when that has ended', async () => {
    device('stream', 1280);
    const main = await open(MAIN);
    await Promise.all([streams.close(main.name), vi.advanceTimersByTimeAsync(2000)]);
    expect(await open(SUB)).toMatchObject({ subStreamChoice: 'ignored' });
  });

  test('is not verified before the main stream was seen, and everybody is told then', async () => {
    device('stream', 1280);
    const sub = await open(SUB);
    expect(sub.subStreamChoice).toBe('unverified');
    const viewers = vi.fn<(stream: { name: string }) => void>();
    streams.on('viewers', viewers);
    await open(MAIN);
    expect(streams.find(sub.name)?.subStreamChoice).toBe('ignored');
    expect(viewers).toHaveBeenCalledWith(expect.objectContaining({ name: sub.name, subStreamChoice: 'ignored' }));
    expect(told()).toHaveLength(2);
  });

  test('is judged anew when it was opened again', async () => {
    device('stream', 1280);
    await open(MAIN);
    const sub = await open(SUB);
    await streams.view(sub.name, VIEWER);
    device('stream', 640);
    parts.media.opened[1]?.end('tcp_closed');
    await vi.advanceTimersByTimeAsync(3000);
    expect(streams.find(sub.name)).toMatchObject({ state: 'playing', subStreamChoice: 'selected' });
  });
});
