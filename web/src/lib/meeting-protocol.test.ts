import { describe, expect, test } from 'vitest';
import { mediaToken, parseMeetingMessage, toEndpoints } from './meeting-protocol.ts';

const parse = (message: unknown) => parseMeetingMessage(JSON.stringify(message));

describe('parseMeetingMessage', () => {
  test.each([
    {
      name: 'session at the top',
      message: { version: 0, cseq: 3, err: 0, err_msg: 'OK', session: 'S', data: {} },
      parsed: { cseq: 3, err: 0, message: 'OK', session: 'S', data: {} },
    },
    {
      name: 'session in data',
      message: { version: 0, cseq: 1, err: 0, err_msg: 'OK', data: { session: 'S' } },
      parsed: { cseq: 1, err: 0, message: 'OK', session: 'S', data: { session: 'S' } },
    },
    {
      name: 'a refusal',
      message: { version: 0, cseq: 1, err: -1, err_msg: 'no' },
      parsed: { cseq: 1, err: -1, message: 'no', session: '', data: {} },
    },
    {
      name: 'stream',
      message: { event: 'stream', data: { device: 'd', endpoint: 'e', stream: 's', stat: 'unpublish' } },
      parsed: { event: 'stream', endpoint: 'e', stream: 's', published: false },
    },
    {
      name: 'endpoint',
      message: { event: 'endpoint', data: { device: 'd', endpoint: 'e', stat: 'join' } },
      parsed: { event: 'endpoint', endpoint: 'e', joined: true },
    },
    { name: 'error', message: { event: 'error', data: { type: 'x' } }, parsed: { event: 'error', type: 'x' } },
    {
      name: 'broadcast',
      message: {
        event: 'broadcast',
        data: { source_endpoint: { device: 'd', endpoint: 'e' }, payload: { text: 'hi' } },
      },
      parsed: { event: 'broadcast', endpoint: 'e', payload: { text: 'hi' } },
    },
    {
      name: 'a broadcast without its parts',
      message: { event: 'broadcast', data: null },
      parsed: { event: 'broadcast', endpoint: '', payload: {} },
    },
  ])('$name', ({ message, parsed }) => expect(parse(message)).toEqual(parsed));

  test.each(['', 'x', 'null', '[]', '7', '{}', '{"event":"x"}', '{"err":"0"}', '{"event":5}'])('nothing in %s', (raw) =>
    expect(parseMeetingMessage(raw)).toBeUndefined(),
  );
});

test('toEndpoints: roles, streams, and whatever does not fit', () => {
  const stream = {
    stream_id: 's',
    type: 'desktop',
    has_video: true,
    has_audio: false,
    audio_codec: '',
    video_codec: 'vp8',
  };
  const bare = { stream_id: 't', type: 'camera', has_video: false, has_audio: false, audio_codec: '', video_codec: '' };
  expect(
    toEndpoints({
      endpoint_list: [
        { endpoint: 'a', device: 'd', role: 'recorder' },
        { endpoint: 'b', device: 'd', role: 'normal', stream },
        { endpoint: 'c', role: 'king', stream: { stream_id: 5 } },
        { endpoint: 'd', stream: { stream_id: 't' } },
        { endpoint: 'e', stream, streams: [stream, { stream_id: 't', type: 'desktop' }, stream, 7] },
        { endpoint: 'f', streams: Array.from({ length: 1000 }, (_, index) => ({ stream_id: `s${index}` })) },
        { device: 'nobody' },
        null,
      ],
    }),
  ).toEqual([
    { endpoint: 'a', device: 'd', role: 'recorder', streams: [] },
    { endpoint: 'b', device: 'd', role: 'normal', streams: [stream] },
    { endpoint: 'c', device: '', role: 'normal', streams: [] },
    { endpoint: 'd', device: '', role: 'normal', streams: [bare] },
    { endpoint: 'e', device: '', role: 'normal', streams: [stream, { ...bare, type: 'desktop' }] },
    {
      endpoint: 'f',
      device: '',
      role: 'normal',
      streams: Array.from({ length: 16 }, (_, index) => ({ ...bare, stream_id: `s${index}` })),
    },
  ]);
  expect(toEndpoints({})).toEqual([]);
});

test.each([
  { data: { media_server: {}, media_token: 'T' }, token: 'T' },
  { data: { media_token: '' }, token: undefined },
  { data: { media_token: 7 }, token: undefined },
  { data: {}, token: undefined },
])('mediaToken $token', ({ data, token }) => expect(mediaToken(data)).toBe(token));
