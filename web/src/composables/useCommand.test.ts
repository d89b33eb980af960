import { expect, test, vi } from 'vitest';
import { commandsSent, useCommand } from './useCommand.ts';

const told = vi.hoisted(() => ({ errors: [] as unknown[] }));
vi.mock('vue-i18n', () => ({
  useI18n: () => ({ t: (key: string, values: object) => `${key} ${JSON.stringify(values)}`, te: () => false }),
}));
vi.mock('element-plus', () => ({
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
