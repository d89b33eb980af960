#!/usr/bin/env node
// Makes the virtual camera's clips with FFmpeg's own test picture. See assets/README.md for what is burnt in.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

// Same numbers as src/camera/clock-code.ts, which documents them.
const INDEX_BITS = 12;
const CHECK_BITS = 4;
const CHECK_SEED = 0b0101;
const COLUMNS = 40;

/** One filled square. `enable` is an FFmpeg expression over the frame number `n`, or absent for always. */
function block({ column, colour, enable, size, top }) {
  const when = enable === undefined ? '' : `:enable='${enable}'`;
  return `drawbox=x=${(column + 1) * size}:y=${top}:w=${size}:h=${size}:color=${colour}:t=fill${when}`;
}

/** White, black, twelve bits of the frame number, four check bits, black, white. */
function clockCode(width, height) {
  const size = Math.floor(width / COLUMNS);
  const top = height - 2 * size;
  const at = { size, top };
  const bit = (index) => `mod(floor(n/${2 ** index}),2)`;
  const boxes = [`drawbox=x=0:y=${top - size}:w=${size * 22}:h=${size * 3}:color=gray:t=fill`];
  const always = (column, colour) => boxes.push(block({ ...at, column, colour }));
  const when = (column, enable) => {
    always(column, 'black');
    boxes.push(block({ ...at, column, colour: 'white', enable }));
  };
  always(0, 'white');
  always(1, 'black');
  for (let index = 0; index < INDEX_BITS; index += 1) when(2 + index, bit(INDEX_BITS - 1 - index));
  for (let check = 0; check < CHECK_BITS; check += 1) {
    const place = CHECK_BITS - 1 - check;
    const seed = (CHECK_SEED >> place) & 1;
    when(2 + INDEX_BITS + check, `mod(${bit(place)}+${bit(place + 4)}+${bit(place + 8)}+${seed},2)`);
  }
  always(18, 'black');
  always(19, 'white');
  return boxes;
}

/** The clock for people; left out where FFmpeg has no drawtext or finds no font. */
function humanClock(width, height) {
  const text = (size) =>
    `drawtext=font=monospace:fontsize=${size}:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=${Math.round(size / 4)}` +
    `:x=w-tw-${size}:y=${height - Math.round(size * 2)}:text='%{pts\\:hms} %{n}'`;
  const filter = text(Math.round(width / 30));
  const probe = spawnSync('ffmpeg', [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'color=s=320x180',
    '-vf',
    filter,
    '-frames:v',
    '1',
    '-f',
    'null',
    '-',
  ]);
  return probe.status === 0 ? [filter] : [];
}

/**
 * @param {{ out: string, width: number, height: number, fps?: number, seconds: number, gopSeconds: number,
 *   codec?: 'h264' | 'h265', crf?: number, kbps?: number, noise?: number, preset?: string }} options
 */
export function makeClip({
  out,
  width,
  height,
  fps = 25,
  seconds,
  gopSeconds,
  codec = 'h264',
  crf = 26,
  kbps,
  noise = 0,
  preset = 'veryslow',
}) {
  const gop = Math.round(gopSeconds * fps);
  const filters = [
    ...(noise > 0 ? [`noise=alls=${noise}:allf=t`] : []),
    ...clockCode(width, height),
    ...humanClock(width, height),
    'format=yuv420p',
  ];
  const rate =
    kbps === undefined ? ['-crf', String(crf)] : ['-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${kbps}k`];
  // One slice a picture, closed groups, no B pictures: any group may follow any picture, so a camera can jump to one.
  const encoder =
    codec === 'h264'
      ? [
          '-c:v',
          'libx264',
          '-profile:v',
          'baseline',
          '-x264-params',
          `keyint=${gop}:min-keyint=${gop}:scenecut=0:slices=1:sliced-threads=0:bframes=0:ref=1:open-gop=0`,
        ]
      : [
          '-c:v',
          'libx265',
          '-x265-params',
          `keyint=${gop}:min-keyint=${gop}:scenecut=0:bframes=0:open-gop=0:repeat-headers=1:slices=1:log-level=error`,
        ];
  const source = `testsrc2=size=${width}x${height}:rate=${fps}`;
  fs.mkdirSync(dirname(out), { recursive: true });
  const temporary = `${out}.part`;
  const result = spawnSync(
    'ffmpeg',
    [
      '-v',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      source,
      '-frames:v',
      String(seconds * fps),
      '-vf',
      filters.join(','),
      ...encoder,
      '-preset',
      preset,
      ...rate,
      '-bsf:v',
      'filter_units=remove_types=' + (codec === 'h264' ? '6|9' : '35|39|40'),
      '-f',
      codec === 'h264' ? 'h264' : 'hevc',
      temporary,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`ffmpeg exited with ${result.status}`);
  fs.renameSync(temporary, out);
  return out;
}

/** The load test's stream: 1080p25 at 4 Mbit/s with grain, as a camera at night. Made once per directory, not committed. */
export function benchClip(directory, { width = 1920, height = 1080, kbps = 4000 } = {}) {
  const out = join(directory, `bench-${height}p25-${kbps}k.h264`);
  if (fs.existsSync(out)) return out;
  return makeClip({ out, width, height, seconds: 8, gopSeconds: 2, kbps, noise: 12, preset: 'veryfast' });
}

/** A beep each second in AAC-LC with ADTS headers, for the cameras that call that G.711. */
function makeAac(out) {
  const result = spawnSync(
    'ffmpeg',
    [
      '-v',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      "aevalsrc='0.2*sin(2*PI*880*t)*lt(mod(t,1),0.12)':s=16000:d=8",
      '-c:a',
      'aac',
      '-b:a',
      '16k',
      '-frames:a',
      '125',
      '-f',
      'adts',
      out,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (result.status !== 0) throw new Error(`ffmpeg exited with ${result.status ?? result.error?.message}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      bench: { type: 'string' },
      size: { type: 'string', default: '1920x1080' },
      bitrate: { type: 'string', default: '4000' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(
      'make-clip.mjs                     makes the clips of this directory again\n' +
        'make-clip.mjs --bench DIRECTORY   makes the load test clip there (--size 1920x1080 --bitrate 4000)\n',
    );
  } else if (values.bench !== undefined) {
    const [width, height] = values.size.split('x').map(Number);
    process.stdout.write(`${benchClip(values.bench, { width, height, kbps: Number(values.bitrate) })}\n`);
  } else {
    const here = dirname(fileURLToPath(import.meta.url));
    makeClip({ out: join(here, 'clip.h264'), width: 1280, height: 720, seconds: 8, gopSeconds: 2, crf: 27 });
    makeClip({ out: join(here, 'sub.h264'), width: 640, height: 360, seconds: 8, gopSeconds: 2, crf: 30 });
    makeClip({ out: join(here, 'long-gop.h264'), width: 640, height: 360, seconds: 20, gopSeconds: 20, crf: 32 });
    makeClip({
      out: join(here, 'clip.h265'),
      width: 640,
      height: 360,
      seconds: 4,
      gopSeconds: 2,
      crf: 30,
      codec: 'h265',
      preset: 'medium',
    });
    makeAac(join(here, 'beep.aac'));
  }
}
