import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../test/support/mutate.ts';
import { parseRelaxedJson } from './relaxed-json.ts';

const PMS_CONF = readFileSync(new URL('../../test/fixtures/config/pms.conf', import.meta.url), 'utf8');

/** The value with ordinary objects, as `JSON.parse` would give it. */
function valueOf(text: string): unknown {
  const read = parseRelaxedJson(text);
  if ('problem' in read) throw new Error(read.problem);
  return read.value;
}

describe('habits', () => {
  const cases = [
    {
      name: 'plain JSON',
      text: '{"a": [1, -2.5e3, true, null, "x\\n\\u00e9"]}',
      value: { a: [1, -2500, true, null, 'x\né'] },
    },
    { name: 'byte order mark', text: '\uFEFF{"a": 1}', value: { a: 1 } },
    { name: 'comments', text: '// head\n{"a": 1, # one\n /* two\n lines */ "b": 2}// end', value: { a: 1, b: 2 } },
    { name: 'comment right after a value', text: '{"a": 1//one\n}', value: { a: 1 } },
    { name: 'marks of comments inside strings', text: '{"a": "http://x#y/*z*/"}', value: { a: 'http://x#y/*z*/' } },
    { name: 'trailing commas', text: '{"a": [1, 2,], "b": {"c": 1,},},', value: { a: [1, 2], b: { c: 1 } } },
    { name: 'leading comma: the {, of the documents', text: '{,\n "a": {"b": 1}}', value: { a: { b: 1 } } },
    {
      name: 'commas missing',
      text: '{"a": 1 "b": ["x" "y"]\n"c": {} "d": 2}',
      value: { a: 1, b: ['x', 'y'], c: {}, d: 2 },
    },
    { name: 'commas twice', text: '{"a": 1,, "b": [1,,2]}', value: { a: 1, b: [1, 2] } },
    {
      name: 'keys bare or in single quotes',
      text: `{port: 1, 'a b': 'it\\'s "x"'}`,
      value: { port: 1, 'a b': 'it\'s "x"' },
    },
    { name: 'tab in a string', text: '{"a": "x\ty"}', value: { a: 'x\ty' } },
    { name: '}, misprinted as {,', text: '{"a": {"b": [1]\n{,\n"c": {"d": 2}}', value: { a: { b: [1] }, c: { d: 2 } } },
    { name: 'fences of Markdown', text: '```json\n{"a": 1}\n```\n', value: { a: 1 } },
  ];
  test.each(cases)('$name', ({ text, value }) => {
    expect(valueOf(text)).toEqual(value);
  });

  test('a key given twice: the last one counts, and is told', () => {
    expect(parseRelaxedJson('{"a": {"b": 1, "b": 2}}')).toEqual({ value: { a: { b: 2 } }, repeated: ['a.b'] });
  });

  test('a key named __proto__ is a key', () => {
    expect(Object.keys(valueOf('{"__proto__": {"polluted": 1}}') as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('what nobody can make sense of is told with its line', () => {
  const cases = [
    { name: 'nothing', text: ' \n', problem: 'line 2: the text ends where a value is expected' },
    { name: 'object not closed', text: '\n{"a": 1', problem: 'line 2: { is not closed' },
    { name: 'array not closed', text: '{"a":\n[1', problem: 'line 2: [ is not closed' },
    { name: 'string not closed', text: '{"a": "x\n}', problem: 'line 1: the quotation mark is not closed' },
    {
      name: 'lone backslash',
      text: '{"a": "C:\\pms"}',
      problem: 'line 1: a string that JSON does not allow, perhaps a lone \\',
    },
    { name: 'bare word', text: '{"a": yes}', problem: 'line 1: expected a value, not "yes"' },
    { name: 'wrong bracket', text: '{"a": 1]', problem: 'line 1: expected a key, not "]"' },
    { name: 'no colon', text: '{"a" 1}', problem: 'line 1: expected ":" after the key "a"' },
    { name: 'more after the end', text: '{}\n{}', problem: 'line 2: "{" after the end' },
    { name: 'too deep', text: '['.repeat(100_000), problem: 'line 1: more than 64 levels' },
  ];
  test.each(cases)('$name', ({ text, problem }) => {
    expect(parseRelaxedJson(text)).toEqual({ problem });
  });
});

test('property: whatever JSON.stringify writes is read the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(valueOf(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('fuzz: 100,000 broken files are read or refused with a line, never thrown at', () => {
  const random = seededRandom(28_181);
  const counts = { read: 0, refused: 0 };
  for (let round = 0; round < 100_000; round += 1) {
    const read = parseRelaxedJson(mutateText(PMS_CONF, random));
    if ('problem' in read) {
      counts.refused += 1;
      if (!/^line \d+: \S/.test(read.problem)) expect.fail(read.problem);
    } else counts.read += 1;
  }
  expect(counts.read + counts.refused).toBe(100_000);
  expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(5_000);
});
