import { describe, expect, test } from 'vitest';
import { en } from '../i18n/en/index.ts';
import { CONFIG_FORMS, type ConfigField, emptyLine, fromInputs, toInputs, wrongFields } from './config-forms.ts';
import { valueAt } from './config-lists.ts';

const form = (type: string) => CONFIG_FORMS.find((each) => each.type === type)!;

describe('a value into a form and back', () => {
  test.each([
    ['BasicParam', { name: 'gate', expirationSec: 3600, heartBeatIntervalSec: 60, heartBeatCount: 3 }],
    ['OSDConfig', { timeEnabled: true, timeType: 1, textEnabled: false }],
    ['FrameMirror', 2],
    ['AlarmReport', { motionDetection: true, fieldDetection: false }],
    ['SVACDecodeConfig', { svc: { stmMode: 1 }, surveillance: { time: true, gis: false } }],
    ['VideoParamAttribute', [{ streamNumber: 0, videoFormat: '2', resolution: '5', frameRate: '25', bitRateType: 2 }]],
  ])('%s', (type, value) => {
    expect(fromInputs(form(type), toInputs(form(type), value))).toEqual(value);
  });

  test('groups in groups, with a list', () => {
    const item = { seq: 1, topLeft: 2, bottomRight: 30, qp: 20 };
    const value = { roi: { enabled: true, number: 1, items: [item] }, audio: { recognition: false } };
    const inputs = toInputs(form('SVACEncodeConfig'), value);
    expect(inputs[0]).toMatchObject({ 'roi.enabled': true, 'svc.timeDomainMode': '', 'audio.recognition': false });
    expect(fromInputs(form('SVACEncodeConfig'), inputs)).toEqual(value);
  });

  test('what is only told is shown as a text', () => {
    const told = { downloadSpeed: ['1', '2', '4'], resolution: ['5', '6'] };
    expect(toInputs(form('VideoParamOpt'), told)).toEqual([{ resolution: '5, 6', downloadSpeed: '1, 2, 4' }]);
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

describe('lists', () => {
  const texts = [
    { text: '北门', x: 16, y: 640 },
    { text: 'CAM 1', x: 900, y: 640 },
  ];

  test('come and go with their count', () => {
    const value = { timeEnabled: true, textEnabled: true, textCount: 2, texts };
    const [input] = toInputs(form('OSDConfig'), value);
    expect(input?.['texts']).toEqual([
      { text: '北门', x: '16', y: '640' },
      { text: 'CAM 1', x: '900', y: '640' },
    ]);
    expect(fromInputs(form('OSDConfig'), [input!])).toEqual(value);
    expect(fromInputs(form('OSDConfig'), [{ ...input, texts: [] }])).toMatchObject({ textCount: 0, texts: [] });
  });

  test('the device does not tell them: they are not written, unless somebody adds a line', () => {
    const inputs = toInputs(form('OSDConfig'), { timeEnabled: true });
    expect(fromInputs(form('OSDConfig'), inputs)).toEqual({ timeEnabled: true });
    const [added] = inputs.map((input) => ({ ...input, texts: [{ text: 'A', x: '1', y: '2' }] }));
    expect(fromInputs(form('OSDConfig'), [added!])).toMatchObject({ textCount: 1, texts: [{ text: 'A', x: 1, y: 2 }] });
  });

  test('a line wants all of its fields', () => {
    const { list } = form('OSDConfig').fields.find(({ key }) => key === 'texts')!;
    const lines = [emptyLine(list!), { text: 'A', x: '1', y: 'two' }];
    const wrong = ['texts.0.text', 'texts.0.x', 'texts.0.y', 'texts.1.y'];
    expect(wrongFields(form('OSDConfig'), { texts: lines })).toEqual(wrong);
  });
});

test('a switch that the device does not tell is not written, but where the type cannot be written without', () => {
  const alarm = toInputs(form('AlarmReport'), { motionDetection: true });
  expect(fromInputs(form('AlarmReport'), alarm)).toEqual({ motionDetection: true });
  const mask = toInputs(form('PictureMask'), { regionCount: 0 });
  expect(fromInputs(form('PictureMask'), mask)).toEqual({ on: false, regionCount: 0, regions: [] });
});

test('numbers that are none are told', () => {
  expect(wrongFields(form('BasicParam'), { name: 'x', expirationSec: '1h', heartBeatCount: ' 3 ' })).toEqual([
    'expirationSec',
  ]);
});

test('every form, field and list has its words', () => {
  const { types, fields, choices, lists } = en.control.config;
  const check = ({ key, choices: own = [], list }: ConfigField) => {
    expect(valueAt(list ? lists : fields, key), key).toBeDefined();
    for (const { text } of own) expect(Object.keys(choices)).toContain(text);
    for (const each of list?.fields ?? []) check(each);
  };
  for (const form of CONFIG_FORMS) {
    expect(Object.keys(types)).toContain(form.type);
    for (const field of form.fields) check(field);
  }
});
