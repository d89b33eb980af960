export * from './catalog.ts';
export * from './config-download.ts';
export * from './device-control.ts';
export * from './device-info.ts';
export * from './device-status.ts';
export { parseNumber, XmlElement } from './element.ts';
export * from './keepalive.ts';
export * from './media-status.ts';
export * from './message.ts';
export {
  formatXml,
  MAX_XML_CHARACTERS,
  parseXml,
  xmlNode,
  type XmlContent,
  type XmlFault,
  type XmlNode,
} from './xml.ts';
