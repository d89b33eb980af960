import { expect, test } from 'vitest';
import { ApiError } from '../api/http.ts';
import { fileProblem } from './file-problem.ts';

const refuse = (status: number) => async () => {
  throw new ApiError(`status ${status}`, { code: 'any', status });
};

test.each([
  {
    name: 'a file that can be read is one that the browser cannot play',
    check: async () => {},
    problem: { kind: 'unplayable' },
  },
  { name: 'a deleted file is gone', check: refuse(404), problem: { kind: 'gone' } },
  { name: 'an expired login', check: refuse(401), problem: { kind: 'refused', message: 'status 401' } },
  { name: 'no gateway', check: refuse(0), problem: { kind: 'refused', message: 'status 0' } },
])('$name', async ({ check, problem }) => expect(await fileProblem(check)).toEqual(problem));
