import { isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { decodeText } from './charset.ts';

const DECLARATIONS = ['', '<?xml version="1.0" encoding="GB2312"?>', '<?xml version="1.0" encoding="gb18030"?>'];
const body = (declaration: string, name: string): string =>
  `${declaration}<Notify><CmdType>Catalog</CmdType><Name>${name}</Name></Notify>`;

describe('quirk: charset of a body that does not say, or says another', () => {
  test.each(['大门', '学校', '东门·球机1', '“前台”', '停车场入口（北）', '街', 'Eingang Süd 大门口'])(
    'UTF-8: %s',
    (name) => {
      for (const declaration of DECLARATIONS) {
        const text = body(declaration, name);
        expect(decodeText(Buffer.from(text))).toBe(text);
      }
    },
  );

  test.each(['学校', '校园路', '小学校园', '水站前台', '停', '通路'])(
    'GB2312 that is valid UTF-8 by chance: %s',
    (name) => {
      for (const declaration of DECLARATIONS) {
        const text = body(declaration, name);
        const bytes = iconv.encode(text, 'gb18030');
        expect(isUtf8(bytes)).toBe(true);
        expect(decodeText(bytes)).toBe(text);
      }
    },
  );

  test.each(['大门', '联通', '东门·球机1', '镕', '𠮷野家'])('GB18030: %s', (name) => {
    for (const declaration of [...DECLARATIONS, '<?xml version="1.0" encoding="UTF-8"?>']) {
      const text = body(declaration, name);
      expect(decodeText(iconv.encode(text, 'gb18030'))).toBe(text);
    }
  });

  test('what the operator has set decides, but for bytes that cannot be UTF-8', () => {
    const utf8 = Buffer.from(body('', '大门'));
    const gbk = iconv.encode(body('', '学校'), 'gb18030');
    expect(decodeText(utf8, 'utf-8')).toContain('大门');
    expect(decodeText(utf8, 'gb18030')).not.toContain('大门');
    expect(decodeText(gbk, 'gb18030')).toContain('学校');
    expect(decodeText(gbk, 'utf-8')).not.toContain('学校');
    expect(decodeText(iconv.encode(body('', '大门'), 'gb18030'), 'utf-8')).toContain('大门');
  });
});
