// Records FFmpeg's test pattern until it is killed: `node record-process.ts <directory> <source as JSON>`.
import { createRecordThreads } from '../../src/record/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { FfmpegSource, type SourceTrack } from './rtp-tap.ts';

const [directory = '', json = '[]'] = process.argv.slice(2);
const source = await FfmpegSource.start(JSON.parse(json) as SourceTrack[]);
const threads = createRecordThreads({ threads: 1 }, silentLogger);
const writer = await threads.open({ tap: source.tap, directory, baseName: 'killed' });
process.send?.({ ffmpegPid: source.pid, fileName: writer.files[0]?.fileName });
