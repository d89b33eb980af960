import { expect, test } from 'vitest';
import { newestAlarms, toAlarmFilter } from './alarm-filter.ts';
import { endOfDay, startOfDay } from './date-range.ts';

test.each([
  {
    name: 'nothing chosen',
    form: { priority: '', method: '', from: '', to: '' },
    filter: { priority: undefined, method: undefined, from: undefined, to: undefined },
  },
  {
    name: 'all chosen',
    form: { priority: '1', method: '5', from: '2026-11-21', to: '2026-11-22' },
    filter: { priority: 1, method: 5, from: startOfDay('2026-11-21'), to: endOfDay('2026-11-22') },
  },
])('toAlarmFilter: $name', ({ form, filter }) => expect(toAlarmFilter(form)).toEqual(filter));

test('newestAlarms: newest first, without a time last, no more than asked for', () => {
  const alarms = [{ alarmedAt: 1 }, {}, { alarmedAt: 3 }, { alarmedAt: 2 }];
  expect(newestAlarms(alarms, 9)).toEqual([{ alarmedAt: 3 }, { alarmedAt: 2 }, { alarmedAt: 1 }, {}]);
  expect(newestAlarms(alarms, 2)).toEqual([{ alarmedAt: 3 }, { alarmedAt: 2 }]);
});
