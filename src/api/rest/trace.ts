import type { Request, Response } from 'express';
import type { TraceEntry } from '../../gb28181/index.ts';

/** SIP messages as an engineer reads them: an arrow, time, addresses, then the message. */
export function formatTrace(entries: readonly TraceEntry[]): string {
  return entries
    .map(({ at, direction, protocol, remote, text }) => {
      const arrow = direction === 'in' ? '<--' : '==>';
      return `${arrow} ${new Date(at).toISOString()} ${protocol.toUpperCase()} ${remote}\n${text.replace(/\r\n/g, '\n').trimEnd()}\n`;
    })
    .join('\n');
}

/** As JSON, or as text where the query or Accept asks for it. */
export function sendTrace(
  req: Request,
  res: Response,
  { entries, format }: { entries: readonly TraceEntry[]; format: 'json' | 'text' | undefined },
): { items: readonly TraceEntry[] } | undefined {
  const wanted = format ?? (req.accepts(['application/json', 'text/plain']) === 'text/plain' ? 'text' : 'json');
  if (wanted === 'json') return { items: entries };
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.end(formatTrace(entries));
  return undefined;
}
