const MAX_PARTS = 64;
const LINE_END = '\r\n';

/**
 * Contents of the parts of a multipart body (RFC 7578, RFC 2046 §5.1.1), views into it; undefined where it is none.
 * A boundary that the Content-Type leaves out, as some cameras do, is taken from the first line.
 */
export function filesOfForm(contentType: string, body: Buffer): Buffer[] | undefined {
  if (!/^\s*multipart\//i.test(contentType)) return undefined;
  const named = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType);
  const boundary = named?.[1] ?? named?.[2] ?? firstBoundary(body);
  return boundary === undefined ? [] : partsOf(body, Buffer.from(`--${boundary}`));
}

function firstBoundary(body: Buffer): string | undefined {
  const end = body.subarray(0, 256).indexOf(LINE_END);
  const line = body.toString('latin1', 0, Math.max(0, end));
  return line.startsWith('--') && line.length > 2 ? line.slice(2) : undefined;
}

function partsOf(body: Buffer, delimiter: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let at = body.indexOf(delimiter);
  while (at >= 0 && parts.length < MAX_PARTS) {
    const next = body.indexOf(delimiter, at + delimiter.length);
    // Cut off: the rest belongs to the last part.
    const part = body.subarray(at + delimiter.length, next < 0 ? body.length : next);
    const head = part.indexOf('\r\n\r\n');
    if (head >= 0) parts.push(withoutLineEnd(part.subarray(head + 4)));
    at = next;
  }
  return parts;
}

/** The line end before the delimiter belongs to the delimiter. */
function withoutLineEnd(content: Buffer): Buffer {
  return content.subarray(-2).toString('latin1') === LINE_END ? content.subarray(0, -2) : content;
}
