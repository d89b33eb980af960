import { expect, test } from 'vitest';
import {
  annexB,
  filler,
  H265_PPS,
  H265_SPS,
  H265_VPS,
  idr,
  packHeader,
  pes,
  PPS,
  privateStream,
  programStreamMap,
  slice,
  SPS_1080,
  systemHeader,
} from '../../../test/support/ps-builder.ts';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import type { MediaSink, RtpView } from '../pipeline-types.ts';
import { createRtpView } from '../rtp/rtp-packet.ts';
import type { AccessUnit, AudioFrame } from '../types.ts';
import { createDepacketizer } from './depacketizer.ts';

const MAX_FRAME_BYTES = 8192;

class CheckingSink implements MediaSink {
  units = 0;
  keyFrames = 0;
  frames = 0;
  errors = 0;
  #dts = -1;

  onPack(): void {}
  onVideoParameters(): void {}
  onAudioParameters(): void {}

  onError(): void {
    this.errors++;
  }

  onAccessUnit(unit: AccessUnit): void {
    this.units++;
    if (unit.keyFrame) this.keyFrames++;
    if (unit.dts90k <= this.#dts) expect.fail(`DTS ${unit.dts90k} behind ${this.#dts}`);
    this.#dts = unit.dts90k;
    let bytes = 0;
    for (const nalu of unit.nalus) bytes += nalu.length;
    if (bytes > MAX_FRAME_BYTES + 1100) expect.fail(`unit of ${bytes} bytes`);
  }

  onAudioFrame(frame: AudioFrame): void {
    this.frames++;
    if (frame.payload.length > 65_536) expect.fail('audio too large');
  }
}

const AUDIO = pes(0xc0, filler(40), { pts: 3600 });
const PS_SEEDS = [
  Buffer.concat([
    packHeader(),
    systemHeader(),
    programStreamMap([
      [0x1b, 0xe0],
      [0x90, 0xc0],
    ]),
    pes(0xe0, annexB(SPS_1080, PPS, idr(60)), { pts: 0 }),
  ]),
  Buffer.concat([packHeader({ stuffing: 3 }), pes(0xe0, annexB(slice(80)), { pts: 3600, dts: 1800 }), AUDIO]),
  Buffer.concat([packHeader(), pes(0xe0, annexB(slice(50)), { pts: 7200, length: 0 }), privateStream(0xbd, filler(9))]),
  Buffer.concat([
    packHeader(),
    pes(0xe0, annexB(H265_VPS, H265_SPS, H265_PPS, Buffer.from([0x26, 1, 0xaf, 5, 5])), { pts: 9 }),
  ]),
];
const ES_SEEDS = [
  SPS_1080,
  PPS,
  idr(60),
  Buffer.concat([Buffer.from([0x7c, 0x85]), filler(40)]),
  Buffer.concat([Buffer.from([0x7c, 0x45]), filler(40)]),
  Buffer.concat([Buffer.from([0x78, 0, SPS_1080.length]), SPS_1080, Buffer.from([0, PPS.length]), PPS]),
];
const TS_SEED = Buffer.concat(
  [
    '47400010' + '000000b00d0001c100000001e10000000000',
    '47410010' + '0002b0170001c10000e101f0001be101f00090e102f00000000000',
    '47410110' + '000001e00000808005210001000100000001',
  ].map((text) => Buffer.concat([Buffer.from(text, 'hex'), Buffer.alloc(188, 0xff)]).subarray(0, 188)),
);

test.each([
  { name: 'PS', seeds: PS_SEEDS, encoding: 'PS/90000' },
  { name: 'H.264 payloads', seeds: ES_SEEDS, encoding: 'H264/90000' },
  {
    name: 'H.265 payloads',
    seeds: [H265_VPS, H265_SPS, H265_PPS, Buffer.from([0x62, 1, 0x93, 1, 2, 3, 4])],
    encoding: 'H265/90000',
  },
  { name: 'TS', seeds: [TS_SEED], encoding: 'MP2T/90000' },
])('fuzz: 200,000 mutated packets of $name never throw, stay bounded and monotonic', ({ seeds, encoding }) => {
  const random = seededRandom(6);
  const memory = Buffer.alloc(1024);
  const view: RtpView = createRtpView();
  let sink = new CheckingSink();
  let depacketizer = createDepacketizer(sink, { maxFrameBytes: MAX_FRAME_BYTES });
  let units = 0;
  for (let index = 0; index < 200_000; index++) {
    if (index % 400 === 0) {
      units += sink.units;
      sink = new CheckingSink();
      depacketizer = createDepacketizer(sink, { maxFrameBytes: MAX_FRAME_BYTES });
      depacketizer.setPayloads([{ payloadType: 96, encoding }]);
    }
    view.packet = memory;
    view.payloadType = 96;
    view.sequenceNumber = index & 0xffff;
    view.timestamp = (index >> random(3)) * 3600;
    view.marker = random(2) === 0;
    view.payloadStart = 0;
    const seed = seeds[random(seeds.length)]!;
    view.payloadEnd = random(3) === 0 ? seed.copy(memory) : mutate(seed, memory, random);
    depacketizer.push(view, index * 20);
    const event = random(200);
    if (event === 0) depacketizer.gap(index * 20);
    else if (event < 4) depacketizer.tick(index * 20 + 100);
    else if (event === 4) depacketizer.setDelivery(random(3) === 0 ? 'parameters' : 'units');
  }
  if (encoding !== 'MP2T/90000') expect(units).toBeGreaterThan(1000);
});
