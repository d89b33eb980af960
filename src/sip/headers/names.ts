/** A field name in its two forms: `key` to compare, `name` to write. */
export interface FieldName {
  readonly key: string;
  readonly name: string;
}

const NAMES = [
  'Accept',
  'Allow',
  'Authorization',
  'Call-ID',
  'Contact',
  'Content-Encoding',
  'Content-Length',
  'Content-Type',
  'CSeq',
  'Date',
  'Event',
  'Expires',
  'From',
  'Max-Forwards',
  'Min-Expires',
  'Path',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Record-Route',
  'Refer-To',
  'Referred-By',
  'Reason',
  'Require',
  'Retry-After',
  'Route',
  'Server',
  'Session-Expires',
  'Subject',
  'Subscription-State',
  'Supported',
  'To',
  'Unsupported',
  'User-Agent',
  'Via',
  'Warning',
  'WWW-Authenticate',
  'Allow-Events',
  'Accept-Contact',
  'Reject-Contact',
  'Request-Disposition',
  'Identity',
];

/** Compact forms, RFC 3261 §7.3.3 and the registry of its extensions. */
const COMPACT: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
};

const KNOWN = new Map<string, FieldName>();
for (const name of NAMES) {
  const field = { key: name.toLowerCase(), name };
  KNOWN.set(name, field);
  KNOWN.set(field.key, field);
}
for (const [compact, name] of Object.entries(COMPACT)) {
  const field = { key: name.toLowerCase(), name };
  KNOWN.set(compact, field);
  KNOWN.set(compact.toUpperCase(), field);
}

/** Full name of a field as spelled on the wire; an unknown one keeps its spelling. */
export function fieldName(raw: string): FieldName {
  const known = KNOWN.get(raw);
  if (known !== undefined) return known;
  const key = raw.toLowerCase();
  return KNOWN.get(key) ?? { key, name: raw };
}
