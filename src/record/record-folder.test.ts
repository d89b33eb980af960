import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RecordFolder } from './record-folder.ts';
import { RecordPathError, RecordingNameError } from './errors.ts';

let outside: string;
let folder: RecordFolder;
beforeEach(async () => {
  outside = mkdtempSync(join(tmpdir(), 'record-'));
  writeFileSync(join(outside, 'secret'), 'secret');
  folder = new RecordFolder(join(outside, 'record'));
  await folder.prepare();
});
afterEach(() => rmSync(outside, { recursive: true }));

test('links, folders, pipes and what is not there are no files', async () => {
  symlinkSync(join(outside, 'secret'), join(folder.path, 'link.mp4'));
  mkdirSync(join(folder.path, 'folder.mp4'));
  execFileSync('mkfifo', [join(folder.path, 'pipe.mp4')]);
  for (const name of ['link.mp4', 'folder.mp4', 'pipe.mp4', 'none.mp4'])
    expect(await folder.open(name)).toBeUndefined();
  writeFileSync(join(folder.path, 'file.mp4'), '12345');
  const opened = await folder.open('file.mp4');
  expect(opened?.size).toBe(5);
  await opened?.handle.close();
});

test('removing a link leaves what it leads to', async () => {
  symlinkSync(join(outside, 'secret'), join(folder.path, 'link.mp4'));
  expect([await folder.remove('link.mp4'), await folder.remove('link.mp4')]).toEqual([true, false]);
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
});

test('no text leads outside', async () => {
  const parts = fc.constantFrom('..', '/', '.', 'secret', 'record', '\0', '\\', '~', '%2e%2e', 'a');
  const names = fc.array(parts, { maxLength: 8 }).map((each) => each.join(''));
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      for (const act of [() => folder.open(name), () => folder.remove(name)]) {
        await act().then(
          (found) => expect(found === undefined || found === false).toBe(true),
          (error: unknown) => {
            const refused = error instanceof RecordingNameError || (error as Error).message.includes('null bytes');
            expect([name, refused]).toEqual([name, true]);
          },
        );
      }
      expect(existsSync(join(outside, 'secret'))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('many make it at the same time', async () => {
  for (let round = 0; round < 50; round += 1) {
    const deep = new RecordFolder(join(outside, `a${round}`, 'b', 'c'));
    await Promise.all(Array.from({ length: 8 }, () => deep.prepare()));
    expect(existsSync(deep.path)).toBe(true);
  }
});

test('free space is told; a folder that cannot be is an error with its path', async () => {
  expect(await folder.freeBytes()).toBeGreaterThan(0);
  const bad = new RecordFolder(join(outside, 'secret', 'record'));
  await expect(bad.prepare()).rejects.toThrow(RecordPathError);
  await expect(new RecordFolder(join(outside, 'secret')).prepare()).rejects.toThrow(/secret cannot be made: ENOTDIR/);
  await expect(new RecordFolder('/proc/none/record').prepare()).rejects.toThrow(RecordPathError);
  await expect(bad.freeBytes()).rejects.toThrow(/secret\/record/);
});
