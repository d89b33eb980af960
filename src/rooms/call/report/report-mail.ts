import type { CallReport } from './report.ts';

/** What a report needs of a mailer; errors are GatewayErrors, `mail_unanswered`: nobody knows whether it has arrived. */
export interface ReportMailer {
  send(
    message: ReportMessage,
    options: { readonly beforeEnd: () => Promise<void> },
  ): Promise<{ readonly accepted: readonly string[]; readonly refused: readonly string[] }>;
  /** Breaks off what is being sent. */
  close(): Promise<void>;
}

export interface ReportMessage {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly {
    readonly fileName: string;
    readonly contentType: string;
    readonly content: string;
  }[];
  /** The same for every attempt; made up where absent. */
  readonly messageId?: string;
}

/** The message with the report as text, HTML and files. */
export function reportMessage(report: CallReport, to: readonly string[], messageId?: string): ReportMessage {
  const { title, text, html, csv, fileName } = report;
  return {
    to,
    subject: `gbrtc: ${title}`,
    text,
    html,
    attachments: [
      { fileName: `${fileName}.csv`, contentType: 'text/csv; charset=utf-8', content: csv },
      { fileName: `${fileName}.html`, contentType: 'text/html; charset=utf-8', content: html },
    ],
    ...(messageId === undefined ? {} : { messageId }),
  };
}
