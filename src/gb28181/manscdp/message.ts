import { decodeText, encodeText } from '../charset.ts';
import type { Charset } from '../device/settings.ts';
import { parseNumber, XmlElement } from './element.ts';
import { formatXml, parseXml, xmlNode, type XmlFault, type XmlNode } from './xml.ts';

/** Root elements of GB/T 28181 4.1. */
export type ManscdpRoot = 'Control' | 'Query' | 'Notify' | 'Response';

/** A MANSCDP body: root, the three first children, and everything else as elements. */
export interface Manscdp {
  readonly root: ManscdpRoot;
  readonly cmdType: string;
  /** 0 where none was readable. */
  readonly sn: number;
  readonly deviceId: string;
  readonly body: XmlElement;
  /** True when only the tags could be read: `body` has no children then. */
  readonly salvaged: boolean;
  /** The document ends inside of the root: what is here may be a part of what was meant. */
  readonly cutOff: boolean;
}

export type ManscdpFault = XmlFault | 'empty' | 'no_command';

/** `Application/MANSCDP+xml` in the spelling that devices compare with (GB/T 28181 2.5). */
export const MANSCDP_CONTENT_TYPE = 'Application/MANSCDP+xml';

const ROOTS: readonly ManscdpRoot[] = ['Control', 'Query', 'Notify', 'Response'];
const MAX_BYTES = 4 * 1024 * 1024;
/** The head that every command begins with is within this much; salvage looks no further. */
const SALVAGE_CHARACTERS = 4096;

/** Reads a MANSCDP body as tolerantly as devices write it (GB/T 28181 4.5). Never throws. `set`: by the operator. */
export function parseManscdp(body: Buffer, set?: Charset): Manscdp | ManscdpFault {
  if (body.length === 0) return 'empty';
  if (body.length > MAX_BYTES) return 'too_large';
  const text = decodeText(body, set);
  const element = parseXml(text);
  if (typeof element !== 'string') {
    const message = messageOf(element);
    if (message !== undefined) return message;
  } else if (element !== 'no_element') return element;
  return salvage(text) ?? (typeof element === 'string' ? element : 'no_command');
}

function messageOf(element: XmlElement): Manscdp | undefined {
  const root = rootOf(element.name);
  const cmdType = element.field('CmdType');
  if (root === undefined || cmdType === '') return undefined;
  const sn = snOf(element.field('SN'));
  return {
    root,
    cmdType,
    sn,
    deviceId: element.field('DeviceID'),
    body: element,
    salvaged: false,
    cutOff: element.cutOff === true,
  };
}

function rootOf(name: string): ManscdpRoot | undefined {
  const lower = name.toLowerCase();
  return ROOTS.find((root) => root.toLowerCase() === lower);
}

function snOf(text: string): number {
  const value = parseNumber(text) ?? 0;
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** What can be read of a body whose structure is beyond repair: the command must not be lost, a keepalive above all. */
function salvage(text: string): Manscdp | undefined {
  const head = text.slice(0, SALVAGE_CHARACTERS);
  const cmdType = tagText(head, /<?CmdType\s*>\s*([A-Za-z]{1,64})/i);
  if (cmdType === '') return undefined;
  const rootName = /<\/?(Control|Query|Notify|Response)\b/i.exec(head)?.[1];
  const root = (rootName === undefined ? undefined : rootOf(rootName)) ?? 'Notify';
  const sn = snOf(tagText(head, /<?SN\s*>([\d\s]{1,20})/i));
  const deviceId = tagText(head, /<?DeviceID\s*>\s*([^\s<>]{1,64})/i);
  return { root, cmdType, sn, deviceId, body: new XmlElement(root), salvaged: true, cutOff: true };
}

function tagText(text: string, pattern: RegExp): string {
  return pattern.exec(text)?.[1]?.trim() ?? '';
}

/** Result=ERROR, which comes instead of an answer (GB/T 28181 4.10). */
export function isError({ body }: Manscdp): boolean {
  return body.field('Result').toUpperCase() === 'ERROR';
}

/** What a MANSCDP body is made of. */
export interface ManscdpParts {
  readonly root: ManscdpRoot;
  readonly cmdType: string;
  readonly sn: number;
  readonly deviceId: string;
  /** Elements behind DeviceID, in order. */
  readonly rest?: readonly XmlNode[];
}

/** Writes a MANSCDP body; declaration and bytes agree (GB/T 28181 2.4). */
export function formatManscdp({ root, cmdType, sn, deviceId, rest = [] }: ManscdpParts, charset: Charset): Buffer {
  const head = [xmlNode('CmdType', cmdType), xmlNode('SN', sn), xmlNode('DeviceID', deviceId)];
  // Devices of both editions know the name GB2312; what is outside of it they would not show in any case.
  const encoding = charset === 'utf-8' ? 'UTF-8' : 'GB2312';
  const text = `<?xml version="1.0" encoding="${encoding}"?>\r\n${formatXml(xmlNode(root, [...head, ...rest]))}\r\n`;
  return encodeText(text, charset);
}

const KEEPALIVE = /<CmdType>\s*Keepalive\s*<\/CmdType>/;
/** A keepalive with its list of faulty sub-devices is longer; it takes the full parser. */
const FAST_PATH_BYTES = 1024;

/** Quick look for the most frequent message of all, without parsing it (GB/T 28181 5.1). */
export function isPlainKeepalive(body: Buffer): boolean {
  return body.length <= FAST_PATH_BYTES && KEEPALIVE.test(body.toString('latin1'));
}
