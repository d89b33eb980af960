import type { RecordFolder } from './record-folder.ts';
import type { OpenedFile, Recording, RecordingFile } from './types.ts';

/** Opens one file of a recording for reading; undefined where it is gone. */
export async function openRecordedFile(
  folder: RecordFolder,
  { id, stream, state, container }: Recording,
  file: RecordingFile,
): Promise<OpenedFile | undefined> {
  const { index } = file;
  const opened = await folder.open(file.fileName);
  if (opened === undefined) return undefined;
  const { handle, size, mtimeMs } = opened;
  const growing = state === 'recording' && file.state === 'writing';
  return {
    stream,
    fileName: file.fileName,
    container: file.fileName.endsWith('.webm') ? 'webm' : file.fileName.endsWith('.mp4') ? 'mp4' : container,
    // Behind what the writer has told there may be half a fragment.
    bytes: growing ? Math.min(size, file.bytes) : size,
    etag: growing ? `"${id}-${index}"` : `"${id}-${index}-${size}-${Math.trunc(mtimeMs)}"`,
    growing,
    modifiedAt: mtimeMs,
    read: (start, end) => handle.createReadStream({ start, end }),
    close: () => handle.close(),
  };
}
