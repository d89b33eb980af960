/** How one field of a configuration is shown: a text, a number, a switch, or one of several values. */
export interface ConfigField {
  readonly key: string;
  readonly kind: 'text' | 'number' | 'switch' | 'choice';
  /** Values of a choice with the names of their texts. */
  readonly choices?: ReadonlyArray<{ readonly value: string; readonly text: string }>;
}

export interface ConfigForm {
  readonly type: string;
  /** Absent: one group of fields. `list`: one for each item; `value`: the type itself is the value of the only field. */
  readonly shape?: 'list' | 'value';
  readonly fields: readonly ConfigField[];
}

const text = (key: string): ConfigField => ({ key, kind: 'text' });
const number = (key: string): ConfigField => ({ key, kind: 'number' });
const flag = (key: string): ConfigField => ({ key, kind: 'switch' });
const choice = (key: string, ...texts: Array<[value: string, text: string]>): ConfigField => ({
  key,
  kind: 'choice',
  choices: texts.map(([value, name]) => ({ value, text: name })),
});

/** The types that people set by hand (GB/T 28181 9.4). */
export const CONFIG_FORMS: readonly ConfigForm[] = [
  {
    type: 'BasicParam',
    fields: [text('name'), number('expirationSec'), number('heartBeatIntervalSec'), number('heartBeatCount')],
  },
  {
    type: 'OSDConfig',
    fields: [
      flag('timeEnabled'),
      choice('timeType', ['0', 'timeDigits'], ['1', 'timeChinese']),
      number('timeX'),
      number('timeY'),
      flag('textEnabled'),
      number('length'),
      number('width'),
    ],
  },
  {
    type: 'VideoParamAttribute',
    shape: 'list',
    fields: [
      number('streamNumber'),
      text('videoFormat'),
      text('resolution'),
      text('frameRate'),
      choice('bitRateType', ['1', 'constant'], ['2', 'variable']),
      number('videoBitRate'),
    ],
  },
  {
    type: 'FrameMirror',
    shape: 'value',
    fields: [choice('mirror', ['0', 'none'], ['1', 'horizontal'], ['2', 'vertical'], ['3', 'both'])],
  },
  { type: 'AlarmReport', fields: [flag('motionDetection'), flag('fieldDetection')] },
  { type: 'VideoRecordPlan', fields: [flag('enabled'), number('streamNumber')] },
  {
    type: 'VideoAlarmRecord',
    fields: [flag('enabled'), number('recordTimeSec'), number('preRecordTimeSec'), number('streamNumber')],
  },
];

/** What a form holds: texts, and booleans of switches; empty where the device did not tell. */
export type ConfigInput = Record<string, string | boolean>;

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value of the API as the inputs of a form, one for each item of a list. */
export function toInputs({ shape, fields }: ConfigForm, value: unknown): ConfigInput[] {
  const [first] = fields;
  const groups =
    shape === 'list'
      ? Array.isArray(value)
        ? value
        : []
      : shape === 'value' && first
        ? [{ [first.key]: value }]
        : [value];
  return groups.filter(isGroup).map((group) =>
    Object.fromEntries(
      fields.map(({ key, kind }) => {
        const each = group[key];
        if (kind === 'switch') return [key, each === true];
        return [key, typeof each === 'string' || typeof each === 'number' ? String(each) : ''];
      }),
    ),
  );
}

function valueOf({ kind }: ConfigField, input: string | boolean): string | number | boolean | undefined {
  if (typeof input === 'boolean') return input;
  const trimmed = input.trim();
  if (trimmed === '') return undefined;
  return kind === 'text' ? trimmed : Number(trimmed);
}

/** Inputs as the value that is written; empty fields are left out. */
export function fromInputs({ shape, fields }: ConfigForm, inputs: readonly ConfigInput[]): unknown {
  const groups = inputs.map((input) =>
    Object.fromEntries(
      fields.flatMap((field) => {
        const value = valueOf(field, input[field.key] ?? '');
        return value === undefined ? [] : [[field.key, value]];
      }),
    ),
  );
  if (shape === 'list') return groups;
  const [group = {}] = groups;
  return shape === 'value' ? group[fields[0]?.key ?? ''] : group;
}

/** Keys of numbers that are none. */
export function wrongFields({ fields }: ConfigForm, input: ConfigInput): string[] {
  return fields
    .filter(({ kind, key }) => kind === 'number' && !/^\d{0,9}$/.test(String(input[key] ?? '').trim()))
    .map(({ key }) => key);
}
