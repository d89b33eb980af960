import { describe, expect, test } from 'vitest';
import { en } from '../i18n/en/index.ts';
import { CONFIG_FORMS, fromInputs, toInputs, wrongFields } from './config-forms.ts';

const form = (type: string) => CONFIG_FORMS.find((each) => each.type === type)!;

describe('a value into a form and back', () => {
  test.each([
    ['BasicParam', { name: 'gate', expirationSec: 3600, heartBeatIntervalSec: 60, heartBeatCount: 3 }],
    ['OSDConfig', { timeEnabled: true, timeType: 1, textEnabled: false }],
    ['FrameMirror', 2],
    ['AlarmReport', { motionDetection: true, fieldDetection: false }],
    ['VideoParamAttribute', [{ streamNumber: 0, videoFormat: '2', resolution: '5', frameRate: '25', bitRateType: 2 }]],
  ])('%s', (type, value) => {
    expect(fromInputs(form(type), toInputs(form(type), value))).toEqual(value);
  });

  test('what the device does not tell is not written', () => {
    const inputs = toInputs(form('BasicParam'), { name: 'gate' });
    expect(inputs).toEqual([{ name: 'gate', expirationSec: '', heartBeatIntervalSec: '', heartBeatCount: '' }]);
    expect(fromInputs(form('BasicParam'), inputs)).toEqual({ name: 'gate' });
  });

  test.each([undefined, null, 'text'])('nothing to show of %j', (value) => {
    expect(toInputs(form('OSDConfig'), value)).toEqual([]);
    expect(toInputs(form('VideoParamAttribute'), value)).toEqual([]);
  });
});

test('numbers that are none are told', () => {
  expect(wrongFields(form('BasicParam'), { name: 'x', expirationSec: '1h', heartBeatCount: ' 3 ' })).toEqual([
    'expirationSec',
  ]);
});

test('every form and field has its words', () => {
  for (const { type, fields } of CONFIG_FORMS) {
    expect(Object.keys(en.control.config.types)).toContain(type);
    for (const { key, choices = [] } of fields) {
      expect(Object.keys(en.control.config.fields)).toContain(key);
      for (const { text } of choices) expect(Object.keys(en.control.config.choices)).toContain(text);
    }
  }
});
