import type { Request, Response } from 'express';
import { decodeText, type TraceEntry, type TraceFilter } from '../../gb28181/index.ts';
import type { TraceQuery } from '../schemas/trace.ts';
import { tracePcap } from './trace-pcap.ts';

export interface TraceAnswer {
  readonly entries: readonly TraceEntry[];
  readonly format: TraceQuery['format'];
  /** Of a download, without its ending. */
  readonly fileName: string;
}

/** The platform's filter for what was asked. */
export function traceFilter({ limit, method, direction, text, callId, since }: TraceQuery): TraceFilter {
  return {
    limit,
    ...(method !== undefined && { method }),
    ...(direction !== undefined && { direction }),
    ...(text !== undefined && { text }),
    ...(callId !== undefined && { callIds: [callId] }),
    ...(since !== undefined && { since }),
  };
}

/** SIP messages as an engineer reads them: an arrow, time, addresses, then the message. */
function formatTrace(entries: readonly TraceEntry[]): string {
  return entries
    .map(({ at, direction, protocol, remote, text, cutBytes }) => {
      const arrow = direction === 'in' ? '<--' : '==>';
      const cut = cutBytes === undefined ? '' : `[${cutBytes} bytes more were not kept]\n`;
      return `${arrow} ${new Date(at).toISOString()} ${protocol.toUpperCase()} ${remote}\n${text.replace(/\r\n/g, '\n').trimEnd()}\n${cut}`;
    })
    .join('\n');
}

/** The body in its own charset, as people read it. */
function readable(entry: TraceEntry): TraceEntry {
  const end = entry.text.indexOf('\r\n\r\n');
  if (end < 0) return entry;
  const body = decodeText(Buffer.from(entry.text.slice(end + 4), 'latin1'));
  return { ...entry, text: entry.text.slice(0, end + 4) + body };
}

/** As JSON, as text, or as a pcap file, where the query or Accept asks for it. */
export function sendTrace(
  req: Request,
  res: Response,
  { entries, format, fileName }: TraceAnswer,
): { items: readonly TraceEntry[] } | undefined {
  const wanted = format ?? (req.accepts(['application/json', 'text/plain']) === 'text/plain' ? 'text' : 'json');
  if (wanted === 'json') return { items: entries.map(readable) };
  const disposition = format === undefined ? 'inline' : 'attachment';
  // IDs come from devices and may hold anything.
  const safe = fileName.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  res.setHeader('Content-Disposition', `${disposition}; filename="${safe}.${wanted === 'text' ? 'txt' : 'pcap'}"`);
  res.setHeader('Cache-Control', 'no-store');
  if (wanted === 'pcap') {
    res.setHeader('Content-Type', 'application/vnd.tcpdump.pcap');
    res.end(tracePcap(entries));
  } else {
    res.setHeader('Content-Type', 'text/plain; charset=utf-8');
    res.end(formatTrace(entries.map(readable)));
  }
  return undefined;
}
