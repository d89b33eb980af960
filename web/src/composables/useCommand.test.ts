import { expect, test, vi } from 'vitest';
import { ApiError } from '../api/http.ts';
import { commandsSent, useCommand } from './useCommand.ts';

const told = vi.hoisted(() => ({ errors: [] as unknown[], confirms: true, asked: 0 }));
vi.mock('vue-i18n', () => ({
  useI18n: () => ({ t: (key: string, values: object) => `${key} ${JSON.stringify(values)}`, te: () => false }),
}));
vi.mock('element-plus', () => ({
  ElMessageBox: {
    confirm: async () => {
      told.asked++;
      if (!told.confirms) throw new Error('cancel');
    },
  },
  ElMessage: Object.assign(() => undefined, { error: ({ message }: { message: string }) => told.errors.push(message) }),
}));

test('what is sent is counted when its outcome is known, whatever it is', async () => {
  const { run, busy } = useCommand();
  const before = commandsSent.value;
  expect(
    await run('good', async () => {
      expect([busy.value, commandsSent.value]).toEqual(['good', before]);
    }),
  ).toBe(true);
  expect(commandsSent.value).toBe(before + 1);
  const refused = run('bad', async () => {
    throw new Error('refused');
  });
  expect(await refused).toBe(false);
  expect(told.errors).toEqual(['control.failed {"message":"refused"}']);
  expect([busy.value, commandsSent.value]).toEqual(['', before + 2]);
});

const edition = async (force: boolean) => {
  if (!force) throw new ApiError('needs 3.0', { code: 'edition_unsupported', status: 409 });
};

test.each([
  { name: 'sent all the same', confirms: true, went: true },
  { name: 'left alone', confirms: false, went: false },
])('what the device’s edition does not have is asked about and $name', async ({ confirms, went }) => {
  Object.assign(told, { confirms, asked: 0, errors: [] });
  const work = vi.fn(edition);
  expect(await useCommand().run('home', work)).toBe(went);
  expect(work.mock.calls).toEqual(went ? [[false], [true]] : [[false]]);
  expect([told.asked, told.errors.length]).toEqual([1, went ? 0 : 1]);
});

test('nothing else is asked about', async () => {
  Object.assign(told, { asked: 0, errors: [] });
  const work = vi.fn(async () => {
    throw new ApiError('no', { code: 'device_refused', status: 502 });
  });
  expect(await useCommand().run('home', work)).toBe(false);
  expect(work).toHaveBeenCalledTimes(1);
  expect(told.asked).toBe(0);
});
