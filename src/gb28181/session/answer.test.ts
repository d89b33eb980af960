import { expect, test } from 'vitest';
import { cpuMsOf } from '../../../test/support/cpu-time.ts';
import { parseMediaAnswer } from './answer.ts';

const ANSWER = 'v=0\r\nc=IN IP4 192.0.2.1\r\nm=video 15060 RTP/AVP 96\r\n';

test.each(['a=password:secret', ' a = Password : secret', '\ta=username:secret'])('not shown: %j', (line) => {
  expect(parseMediaAnswer(Buffer.from(`${ANSWER}\r\n\n${line}\r\ny=0200001001\r\n`), '')).toMatchObject({
    ssrc: 200_001_001,
    sdp: expect.not.stringContaining('secret'),
  });
});

test('empty lines behind an answer take no time', () => {
  const body = Buffer.from(ANSWER + '\n'.repeat(65_000));
  expect(cpuMsOf(() => void parseMediaAnswer(body, ''))).toBeLessThan(1000);
  expect(parseMediaAnswer(body, '')).toMatchObject({ port: 15_060 });
});
