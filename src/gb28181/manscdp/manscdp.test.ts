import iconv from 'iconv-lite';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../../test/support/cpu-time.ts';
import {
  configDownloadResponse,
  catalogResponse,
  deviceControl,
  EMPTY_CATALOG_ITEM,
  formatManscdp,
  isPlainKeepalive,
  keepaliveNotify,
  mediaStatusNotify,
  parseBasicParam,
  parseCatalogPart,
  parseDeviceControl,
  parseManscdp,
  parseMediaStatus,
  parseNumber,
  parseXml,
  type Manscdp,
  type XmlElement,
} from './index.ts';
import type { CatalogItem } from '../types.ts';

function parsed(body: Buffer | string): Manscdp {
  const message = parseManscdp(Buffer.from(body));
  if (typeof message === 'string') throw new TypeError(`no MANSCDP: ${message}`);
  return message;
}

function xml(text: string): XmlElement {
  const element = parseXml(text);
  if (typeof element === 'string') throw new TypeError(`no XML: ${element}`);
  return element;
}

const ID = '34020000001180000001';
const HEAD = `<CmdType>Catalog</CmdType><SN>7</SN><DeviceID>${ID}</DeviceID>`;

describe('quirk: XML of devices', () => {
  const catalog: Partial<Manscdp> = { root: 'Response', cmdType: 'Catalog', sn: 7, deviceId: ID, salvaged: false };
  const notify: Partial<Manscdp> = { ...catalog, root: 'Notify' };
  const cases: Array<{ name: string; body: string; message: Partial<Manscdp>; fields?: Record<string, string> }> = [
    {
      name: 'as in the standard',
      body: `<?xml version="1.0"?>\n<Response>\n  ${HEAD}\n</Response>\n`,
      message: catalog,
    },
    { name: 'quirk: no declaration', body: `<Response>${HEAD}</Response>`, message: catalog },
    {
      name: 'quirk: byte order mark',
      body: `\ufeff<?xml version="1.0"?><Response>${HEAD}</Response>`,
      message: catalog,
    },
    {
      name: 'quirk: standalone, on one line (Dahua)',
      body: `<?xml version="1.0" encoding="GB2312" standalone="yes"?><Response>${HEAD}</Response>`,
      message: catalog,
    },
    {
      name: 'quirk: CmdType and SN as attributes',
      body: `<Response CmdType="Catalog" SN='7'><DeviceID>${ID}</DeviceID></Response>`,
      message: catalog,
    },
    {
      name: 'quirk: attributes without quotes',
      body: `<Response CmdType=Catalog SN=7 DeviceID=${ID}/>`,
      message: catalog,
    },
    {
      name: 'quirk: wrong case of names',
      body: `<RESPONSE>${HEAD.toLowerCase().replace('catalog', 'Catalog')}</response>`,
      message: catalog,
    },
    {
      name: 'quirk: blanks in the SN (TP-Link)',
      body: `<Response>${HEAD.replace('>7<', '> 0 7\r\n<')}</Response>`,
      message: catalog,
    },
    {
      name: 'quirk: blanks around texts',
      body: `<Response>${HEAD.replaceAll('>C', '>  C').replaceAll('g<', 'g  <')}</Response>`,
      message: catalog,
    },
    {
      name: 'quirk: elements in any order',
      body: `<Notify><DeviceID>${ID}</DeviceID><SN>7</SN><CmdType>Catalog</CmdType></Notify>`,
      message: notify,
    },
    {
      name: 'quirk: unescaped ampersand',
      body: `<Response>${HEAD}<Name>A & B &amp; C &x; &#65;&#x42;</Name></Response>`,
      message: catalog,
      fields: { Name: 'A & B & C &x; AB' },
    },
    {
      name: 'quirk: unescaped less-than before a digit',
      body: `<Response>${HEAD}<Name>a <3 b < c</Name><Model>M</Model></Response>`,
      message: catalog,
      fields: { Name: 'a <3 b < c', Model: 'M' },
    },
    {
      name: 'quirk: unescaped less-than before a letter',
      body: `<Response>${HEAD}<Name>a<b c</Name><Model>M</Model></Response>`,
      message: catalog,
      fields: { Name: 'a<b c', Model: 'M' },
    },
    {
      name: 'quirk: a tag inside of a name',
      body: `<Response>${HEAD}<Name>gate <west> side</Name><Model>M</Model></Response>`,
      message: catalog,
      fields: { Name: 'gate <west> side', Model: 'M' },
    },
    {
      name: 'quirk: a close tag is missing',
      body: `<Response>${HEAD}<Name>x<Model>M</Model></Response>`,
      message: catalog,
      fields: { Name: 'x', Model: 'M' },
    },
    {
      name: 'quirk: a close tag too many',
      body: `<Response>${HEAD}</Info></Foo><Model>M</Model></Response>`,
      message: catalog,
      fields: { Model: 'M' },
    },
    {
      name: 'quirk: cut off',
      body: `<Response>${HEAD}<Name>x</Name><DeviceL`,
      message: catalog,
      fields: { Name: 'x' },
    },
    {
      name: 'quirk: garbage behind the root',
      body: `<Response>${HEAD}</Response>\u0000\u0000 <x><<<`,
      message: catalog,
    },
    { name: 'quirk: text before the root', body: `\r\n\r\nabc <Response>${HEAD}</Response>`, message: catalog },
    {
      name: 'quirk: NUL and control characters inside',
      body: `<Resp\u0000onse>${HEAD.replace('Cata', 'Ca\u0001ta')}\u0008</Response>`,
      message: catalog,
    },
    {
      name: 'quirk: empty optional elements',
      body: `<Response>${HEAD}<Name></Name><FilePath/><Longitude> </Longitude></Response>`,
      message: catalog,
      fields: { Name: '', FilePath: '', Longitude: '' },
    },
    {
      name: 'quirk: SN that is no number',
      body: `<Response>${HEAD.replace('>7<', '>abc<')}</Response>`,
      message: { ...catalog, sn: 0 },
    },
    {
      name: 'quirk: no DeviceID',
      body: '<Response><CmdType>Catalog</CmdType><SN>7</SN></Response>',
      message: { ...catalog, deviceId: '' },
    },
    {
      name: 'quirk: an unknown root is salvaged by its tags',
      body: `<Message>${HEAD}</Message>`,
      message: { ...notify, salvaged: true },
    },
    {
      name: 'quirk: a destroyed root is salvaged by its tags',
      body: `?esponse>${HEAD}</Response>`,
      message: { ...catalog, salvaged: true },
    },
    {
      name: 'CDATA and comments',
      body: `<Response><!-- <SN>9</SN> -->${HEAD}<Name><![CDATA[<a> & b]]></Name></Response>`,
      message: catalog,
      fields: { Name: '<a> & b' },
    },
    {
      name: 'names of Object.prototype',
      body: `<Response>${HEAD}<__proto__>x</__proto__><constructor>y</constructor></Response>`,
      message: catalog,
      fields: { __proto__: 'x', constructor: 'y', toString: '' },
    },
  ];
  test.each(cases)('$name', ({ body, message, fields = {} }) => {
    const result = parsed(body);
    expect(result).toMatchObject(message);
    for (const [name, value] of Object.entries(fields)) expect(result.body.field(name)).toBe(value);
  });

  const CHINESE = `<Notify>${HEAD}<Name>大门镕</Name></Notify>`;
  test.each([
    {
      name: 'GB2312 declared, GBK bytes',
      body: iconv.encode(`<?xml version="1.0" encoding="GB2312"?>${CHINESE}`, 'gb18030'),
    },
    { name: 'GB18030 declared', body: iconv.encode(`<?xml version="1.0" encoding="gb18030"?>${CHINESE}`, 'gb18030') },
    { name: 'nothing declared', body: iconv.encode(CHINESE, 'gb18030') },
    { name: 'UTF-8 declared and valid', body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${CHINESE}`) },
    { name: 'utf8 declared in single quotes', body: Buffer.from(`<?xml version='1.0' encoding='utf8'?>${CHINESE}`) },
    { name: 'byte order mark of UTF-8, nothing declared', body: Buffer.from(`\ufeff${CHINESE}`) },
    {
      name: 'UTF-8 declared over GBK bytes',
      body: iconv.encode(`<?xml version="1.0" encoding="UTF-8"?>${CHINESE}`, 'gb18030'),
    },
  ])('quirk: charset, $name', ({ body }) => {
    expect(parsed(body).body.field('Name')).toBe('大门镕');
  });

  test.each([
    { name: 'empty', body: '', fault: 'empty' },
    { name: 'no XML', body: 'v=0\r\no=- 0 0 IN IP4 1\r\n', fault: 'no_element' },
    { name: 'no command', body: '<Response><SN>1</SN></Response>', fault: 'no_command' },
    {
      name: 'entity bomb',
      body: `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Response>${HEAD}&b;</Response>`,
      fault: 'doctype',
    },
    {
      name: 'external entity',
      body: `<?xml version="1.0"?><!doctype x SYSTEM "file:///etc/passwd"><Notify>${HEAD}</Notify>`,
      fault: 'doctype',
    },
    { name: 'entity inside', body: `<Notify>${HEAD}<!ENTITY x "y"></Notify>`, fault: 'doctype' },
    { name: '20,000 deep', body: `<Notify>${HEAD}${'<a>'.repeat(20_000)}</Notify>`, fault: 'too_deep' },
    { name: '400,001 elements', body: `<Notify>${HEAD}${'<a/>'.repeat(400_001)}</Notify>`, fault: 'too_many_elements' },
    { name: '4 MiB and one', body: 'a'.repeat(4 * 1024 * 1024 + 1), fault: 'too_large' },
  ])('refused with a reason: $name', ({ body, fault }) => {
    expect(parseManscdp(Buffer.from(body))).toBe(fault);
  });

  test('an unknown entity is text, never looked up', () => {
    expect(xml('<a>&xxe; &#0;&#xFFFFFF;&#xD800;</a>').value).toBe('&xxe;');
  });

  test.each(['<?', '<!--', '<![CDATA[', '<a ', '</', '<a b="', '&#', '<'])('4 MiB of %s takes no time', (piece) => {
    const text = piece.repeat(Math.floor((4 * 1024 * 1024) / piece.length));
    const xml = `<Notify>${text}`.slice(0, 4 * 1024 * 1024);
    expect(cpuMsOf(() => void parseXml(xml))).toBeLessThan(5_000);
  });

  test.each([
    ['letters', 'a'.repeat(2_000)],
    ['a long name before blanks', `${'a'.repeat(64)}${' '.repeat(1_900)}`],
  ])('4 MiB of tags full of %s instead of attributes take no time', (_name, attributes) => {
    const tag = `<a ${attributes}/>`;
    const xml = `<Notify>${tag.repeat(Math.floor((4 * 1024 * 1024 - 8) / tag.length))}`;
    expect(cpuMsOf(() => void parseXml(xml))).toBeLessThan(500);
  });

  test.each([
    ['12', 12],
    [' 1 2 ', 12],
    ['-10.50', -10.5],
    ['+3', 3],
    ['.5', 0.5],
    ['', undefined],
    ['1e9', undefined],
    ['0x10', undefined],
    ['9'.repeat(16), undefined],
    ['NaN', undefined],
  ])('parseNumber of "%s" is %s', (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });
});

describe('commands', () => {
  const read = (parts: Parameters<typeof formatManscdp>[0], charset: 'gb18030' | 'utf-8' = 'gb18030'): Manscdp =>
    parsed(formatManscdp(parts, charset));

  test('written in the device charset, escaped, declared, ended by a line end', () => {
    const parts = {
      root: 'Response' as const,
      cmdType: 'X',
      sn: 1,
      deviceId: '2',
      rest: [{ name: 'Name', content: '门 <&>"\u0000' }],
    };
    const bytes = formatManscdp(parts, 'gb18030');
    expect(bytes.toString('latin1')).toMatch(
      /^<\?xml version="1.0" encoding="GB2312"\?>\r\n<Response>.*<\/Response>\r\n$/,
    );
    expect(bytes.includes(Buffer.from([0xc3, 0xc5]))).toBe(true);
    expect(formatManscdp(parts, 'utf-8').toString()).toContain('encoding="UTF-8"');
    for (const charset of ['gb18030', 'utf-8'] as const)
      expect(read(parts, charset).body.field('Name')).toBe('门 <&>"');
  });

  test('keepalive', () => {
    for (const faulty of [[], ['1', '2']])
      for (const status of ['OK', 'ERROR'] as const)
        expect(read(keepaliveNotify(3, ID, { status, faulty }))).toMatchObject({ cmdType: 'Keepalive', sn: 3 });
    expect(isPlainKeepalive(formatManscdp(keepaliveNotify(3, ID, { status: 'OK', faulty: [] }), 'gb18030'))).toBe(true);
    expect(isPlainKeepalive(Buffer.from(`<Notify>${HEAD}<Name>Keepalive</Name></Notify>`))).toBe(false);
    expect(isPlainKeepalive(Buffer.from(`<CmdType>Keepalive</CmdType>${' '.repeat(1_024)}`))).toBe(false);
  });

  test('quirk: BasicParam under another element name (Uniview), and numbers that are none', () => {
    const full = { name: '门', expirationSec: 3600, heartBeatIntervalSec: 60, heartBeatCount: 3 };
    expect(parseBasicParam(read(configDownloadResponse(1, ID, { BasicParam: full })))).toEqual(full);
    const body = (text: string): Manscdp => parsed(`<Response>${HEAD}${text}</Response>`);
    expect(parseBasicParam(body('<Basic><HeartBeatInterval>30</HeartBeatInterval></Basic>'))).toEqual({
      heartBeatIntervalSec: 30,
    });
    expect(parseBasicParam(body('<BasicParam><Expiration>0</Expiration><HeartBeatCount/></BasicParam>'))).toEqual({});
    expect(parseBasicParam(body('<VideoParamOpt/>'))).toBeUndefined();
  });

  test('media status', () => {
    expect(parseMediaStatus(read(mediaStatusNotify(1, ID)))).toBe(121);
    expect(parseMediaStatus(parsed(`<Notify>${HEAD}</Notify>`))).toBe(0);
  });

  test.each([
    {
      control: deviceControl(1, ID, { kind: 'ptz', hex: 'A50F0100000000B5' }),
      received: { kind: 'ptz', hex: 'A50F0100000000B5' },
    },
    { control: deviceControl(1, ID, { kind: 'key_frame' }, '2.0'), received: { kind: 'key_frame' } },
    { control: deviceControl(1, ID, { kind: 'key_frame' }, '3.0'), received: { kind: 'key_frame' } },
    {
      control: {
        root: 'Control' as const,
        cmdType: 'DeviceControl',
        sn: 1,
        deviceId: ID,
        rest: [{ name: 'TeleBoot', content: 'Boot' }],
      },
      received: { kind: 'reboot' },
    },
    { control: { root: 'Control' as const, cmdType: 'DeviceControl', sn: 1, deviceId: ID }, received: undefined },
  ])('device control $received.kind is read as it was written', ({ control, received }) => {
    expect(parseDeviceControl(read(control))).toEqual(received);
  });

  test('quirk: PTZcmd in wrong case', () => {
    expect(parseDeviceControl(parsed(`<Control>${HEAD}<PTZcmd>a5</PTZcmd></Control>`))).toEqual({
      kind: 'ptz',
      hex: 'a5',
    });
  });

  test('details of a channel: in Info, beside it or in ExtraInfo, in any case; nothing that is empty, no password', () => {
    const item = (inner: string): CatalogItem | undefined =>
      parseCatalogPart(
        parsed(`<Response>${HEAD}<DeviceList><Item><DeviceID>1</DeviceID>${inner}</Item></DeviceList></Response>`),
      ).items[0];
    expect(item('<mac>00-11</mac><Info><RoomType>2</RoomType><MAC>22</MAC></Info>')?.details).toEqual({
      MAC: '00-11',
      RoomType: '2',
    });
    expect(item(`<ExtraInfo><ContactInfo>${'x'.repeat(300)}</ContactInfo></ExtraInfo>`)?.details).toEqual({
      ContactInfo: 'x'.repeat(256),
    });
    const none = item('<Password>secret</Password><Info><RoomType></RoomType><Unknown>1</Unknown></Info>');
    expect(none).not.toHaveProperty('details');
  });

  const text = fc
    .string({ unit: fc.constantFrom('门', 'a', '<', '&', '>', '"', ' ', '1', '/'), maxLength: 12 })
    .map((each) => each.trim());
  const anyItem: fc.Arbitrary<CatalogItem> = fc
    .record({
      id: fc.stringMatching(/^[a-z0-9]{1,20}$/),
      name: text,
      model: text,
      parental: fc.nat(9),
      port: fc.nat(9),
      streamNumbers: text,
      parentIdText: text,
    })
    .map((fields) => ({ ...EMPTY_CATALOG_ITEM, ...fields }));
  test('catalogue parts are read as they were written', () => {
    fc.assert(
      fc.property(
        fc.array(anyItem, { maxLength: 5 }),
        fc.nat(99),
        fc.constantFrom('gb18030' as const, 'utf-8' as const),
        (items, sumNum, charset) => {
          expect(parseCatalogPart(read(catalogResponse(1, ID, { sumNum, items }), charset))).toEqual({ sumNum, items });
        },
      ),
    );
  });
});

describe('fuzz', () => {
  test('any text gives a bounded tree or a reason', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<b x="1">',
      '</b>',
      '<c/>',
      'x',
      '&',
      '&lt;',
      '<',
      '>',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      '"',
      '=',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const source = pieces.join('');
        const element = parseXml(source);
        if (typeof element !== 'string') expect(sizeOf(element)).toBeLessThanOrEqual(source.length * 2);
      }),
      { numRuns: 2_000 },
    );
  });

  test('200,000 mutated bodies: a message or a reason, never more than went in', () => {
    let seed = 0x28_181;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 0x1_0000_0000) * limit);
    };
    const sources = [
      formatManscdp(keepaliveNotify(3, ID, { status: 'OK', faulty: ['1'] }), 'gb18030'),
      formatManscdp(
        catalogResponse(7, ID, { sumNum: 1, items: [{ ...EMPTY_CATALOG_ITEM, id: '1', name: '门' }] }),
        'gb18030',
      ).subarray(0, 300),
      Buffer.from(`<Response CmdType="A" SN='7'><![CDATA[x]]><!-- c --><N>&lt;</N></Response>`),
    ];
    const alphabet = Buffer.from('<>/&;"=\'! ?[]-aA1\u0000\u00ff', 'latin1');
    for (let round = 0; round < 200_000; round += 1) {
      const body = Buffer.from(sources[round % sources.length]!);
      for (let changes = 1 + random(4); changes > 0; changes -= 1) {
        const at = random(body.length);
        if (random(8) === 0) body.copyWithin(at, random(body.length));
        else body[at] = random(4) === 0 ? random(256) : alphabet[random(alphabet.length)]!;
      }
      const message = parseManscdp(random(10) === 0 ? body.subarray(0, random(body.length)) : body);
      if (typeof message === 'string') continue;
      if (sizeOf(message.body) > body.length * 3 || !Number.isSafeInteger(message.sn))
        throw new RangeError(body.toString('hex'));
      parseCatalogPart(message);
    }
  });
});

function sizeOf(element: XmlElement): number {
  return element.name.length + element.text.length + element.children.reduce((sum, child) => sum + sizeOf(child), 0);
}
