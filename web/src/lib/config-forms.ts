import {
  type ConfigInput,
  DAYS,
  type Group,
  isGroup,
  nested,
  plainInput,
  REGIONS,
  textOfValue,
  valueAt,
  WEEK,
} from './config-lists.ts';

/** How one field of a configuration is shown: a text, a number, a switch, one of several values, or a list. */
export interface ConfigField {
  /** Dots lead into groups: `roi.enabled`. */
  readonly key: string;
  readonly kind: 'text' | 'number' | 'switch' | 'choice' | 'list';
  /** Values of a choice with the names of their texts. */
  readonly choices?: ReadonlyArray<{ readonly value: string; readonly text: string }>;
  readonly maxlength?: number;
  /** The gateway writes the type only with it. */
  readonly required?: boolean;
  readonly list?: ConfigList;
}

/** Lines of a list, each with all of its fields. */
export interface ConfigList {
  readonly fields: readonly ConfigField[];
  readonly max: number;
  /** Field beside the list that tells how many items it has. */
  readonly count: string;
  /** Where lines are not simply the items. */
  readonly codec?: {
    readonly read: (items: readonly Group[]) => ConfigInput[];
    readonly write: (lines: readonly ConfigInput[]) => Group[];
    /** `<line>.<key>` of what does not fit. */
    readonly wrong?: (lines: readonly ConfigInput[]) => string[];
  };
}

export interface ConfigForm {
  readonly type: string;
  /** Absent: one group of fields. `list`: one for each item; `value`: the type itself is the value of the only field. */
  readonly shape?: 'list' | 'value';
  /** Devices tell it; it cannot be written. */
  readonly readOnly?: boolean;
  readonly fields: readonly ConfigField[];
}

const text = (key: string): ConfigField => ({ key, kind: 'text' });
const number = (key: string): ConfigField => ({ key, kind: 'number' });
const flag = (key: string): ConfigField => ({ key, kind: 'switch' });
const needed = (field: ConfigField): ConfigField => ({ ...field, required: true });
const list = (key: string, lines: ConfigList): ConfigField => ({ key, kind: 'list', list: lines });
const choice = (key: string, ...texts: Array<[value: string, text: string]>): ConfigField => ({
  key,
  kind: 'choice',
  choices: texts.map(([value, name]) => ({ value, text: name })),
});

const SURVEILLANCE = ['time', 'event', 'alert', 'osd', 'ai', 'gis'].map((each) => flag(`surveillance.${each}`));

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
      number('length'),
      number('width'),
      flag('textEnabled'),
      list('texts', {
        fields: [{ ...text('text'), maxlength: 32 }, number('x'), number('y')],
        max: 8,
        count: 'textCount',
      }),
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
  {
    type: 'PictureMask',
    fields: [
      needed(flag('on')),
      list('regions', {
        fields: [number('left'), number('top'), number('right'), number('bottom')],
        max: 4,
        count: 'regionCount',
        codec: REGIONS,
      }),
    ],
  },
  { type: 'AlarmReport', fields: [flag('motionDetection'), flag('fieldDetection')] },
  {
    type: 'VideoRecordPlan',
    fields: [
      needed(flag('enabled')),
      number('streamNumber'),
      list('schedules', {
        fields: [choice('days', ...DAYS.map((day): [string, string] => [day, `day_${day}`])), text('from'), text('to')],
        max: 56,
        count: 'scheduleCount',
        codec: WEEK,
      }),
    ],
  },
  {
    type: 'VideoAlarmRecord',
    fields: [needed(flag('enabled')), number('recordTimeSec'), number('preRecordTimeSec'), number('streamNumber')],
  },
  { type: 'VideoParamOpt', readOnly: true, fields: [text('resolution'), text('downloadSpeed')] },
  {
    type: 'SVACEncodeConfig',
    fields: [
      flag('roi.enabled'),
      flag('roi.backgroundSkip'),
      number('roi.backgroundQp'),
      list('roi.items', {
        fields: [number('seq'), number('topLeft'), number('bottomRight'), number('qp')],
        max: 16,
        count: 'roi.number',
      }),
      number('svc.spaceDomainMode'),
      number('svc.timeDomainMode'),
      text('svc.ssvcRatio'),
      ...SURVEILLANCE,
      flag('audio.recognition'),
    ],
  },
  { type: 'SVACDecodeConfig', fields: [number('svc.stmMode'), ...SURVEILLANCE] },
];

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
  return groups.filter(isGroup).map((group) => inputOf(fields, group));
}

function inputOf(fields: readonly ConfigField[], group: Group): ConfigInput {
  const inputs = fields.map((field) => [field.key, valueInto(field, group)] as const);
  return Object.fromEntries(inputs.filter(([, input]) => input !== undefined)) as ConfigInput;
}

function valueInto({ key, kind, required, list: lines }: ConfigField, group: Group): ConfigInput[string] | undefined {
  const value = valueAt(group, key);
  if (lines) return linesOf(lines, value, valueAt(group, lines.count));
  if (kind !== 'switch') return textOfValue(value);
  return typeof value === 'boolean' ? value : required ? false : '';
}

/** Undefined where the device does not tell the list: then it is not written either. */
function linesOf({ fields, codec }: ConfigList, value: unknown, count: unknown): ConfigInput[] | undefined {
  if (!Array.isArray(value)) return count === 0 ? [] : undefined;
  const items = value.filter(isGroup);
  return codec ? codec.read(items) : items.map((item) => inputOf(fields, item));
}

/** Inputs as the value that is written; empty fields are left out. */
export function fromInputs({ shape, fields }: ConfigForm, inputs: readonly ConfigInput[]): unknown {
  const groups = inputs.map((input) => groupOf(fields, input));
  if (shape === 'list') return groups;
  const [group = {}] = groups;
  return shape === 'value' ? group[fields[0]?.key ?? ''] : group;
}

function groupOf(fields: readonly ConfigField[], input: ConfigInput): Group {
  return nested(fields.flatMap((field) => entriesOf(field, input[field.key])));
}

function entriesOf({ key, kind, list: lines }: ConfigField, input: ConfigInput[string] = ''): Array<[string, unknown]> {
  if (Array.isArray(input)) {
    if (!lines) return [];
    const items = lines.codec ? lines.codec.write(input) : input.map((line) => groupOf(lines.fields, line));
    return [
      [lines.count, items.length],
      [key, items],
    ];
  }
  if (typeof input === 'boolean') return [[key, input]];
  const trimmed = input.trim();
  if (trimmed === '') return [];
  return [[key, kind === 'number' || (kind === 'choice' && /^\d+$/.test(trimmed)) ? Number(trimmed) : trimmed]];
}

const typed = (input: ConfigInput, key: string) => String(plainInput(input, key)).trim();

/** Keys of what cannot be written: numbers that are none; in lines also what is empty, as `<list>.<line>.<key>`. */
export function wrongFields({ fields }: Pick<ConfigForm, 'fields'>, input: ConfigInput): string[] {
  return fields.flatMap(({ kind, key, list: lines }) => {
    const value = input[key];
    if (lines && Array.isArray(value)) return wrongLines(lines, value).map((each) => `${key}.${each}`);
    return kind === 'number' && !/^\d{0,9}$/.test(typed(input, key)) ? [key] : [];
  });
}

function wrongLines({ fields, codec }: ConfigList, lines: readonly ConfigInput[]): string[] {
  const wrong = lines.flatMap((line, index) => {
    const empty = fields.map(({ key }) => key).filter((key) => typed(line, key) === '');
    return [...empty, ...wrongFields({ fields }, line)].map((key) => `${index}.${key}`);
  });
  return [...wrong, ...(codec?.wrong?.(lines) ?? [])];
}

/** A new line of a list: choices have their first value. */
export function emptyLine({ fields }: ConfigList): ConfigInput {
  return Object.fromEntries(fields.map(({ key, choices }) => [key, choices?.[0]?.value ?? '']));
}
