import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, ConfigError, loadConfig, standardConfigFile } from './config/index.ts';
import { callDatabasePlace } from './gateway-calls.ts';
import { mailerOf, statisticsOf } from './gateway-reports.ts';
import { callReport, reportMessage } from './rooms/call/report/index.ts';
import { openCallHistory } from './store/index.ts';
import { errorMessage, GatewayError } from './util/index.ts';

const EXIT_USAGE = 2;
const USAGE = `usage: gbrtc report [options]

  The report of the calls of one day, as it is sent every night, or of some days.

      --date DAY      e.g. 2026-11-21; default yesterday
      --from DAY      instead of --date: the first of at most 31 days
      --to DAY        the last of them
      --out DIR       writes gbrtc-calls-DAY.html, .csv and .txt into it
      --mail          sends it to report.mail-to, also when it has been sent before
  -c, --config FILE   configuration; default conf/config.yaml where it exists
  -h, --help

  Without --out and --mail the report is printed as text.
`;

interface ReportRequest {
  readonly date: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly out: string | undefined;
  readonly mail: boolean;
  readonly config: string | undefined;
}

/** An option is wrong, or does not go with the configuration. */
class ReportOptionError extends GatewayError {
  readonly code = 'report_option';
}

/** Undefined: help is wanted. @throws ReportOptionError, or what parseArgs says of unknown options */
function parseReportArgs(args: readonly string[]): ReportRequest | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      date: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      out: { type: 'string' },
      mail: { type: 'boolean', default: false },
      config: { type: 'string', short: 'c' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { date, from, to, out, mail, config } = values;
  if (date !== undefined && (from !== undefined || to !== undefined)) {
    throw new ReportOptionError('--date does not go with --from and --to');
  }
  if (to !== undefined && from === undefined) throw new ReportOptionError('--to needs --from');
  return { date, from, to, out, mail, config };
}

async function run(request: ReportRequest): Promise<void> {
  const { config: file = standardConfigFile(), out, mail, from, to } = request;
  const { config } = loadConfig({ config: file, pmsConf: undefined }, process.env);
  if (mail && config.report['mail-to'].length === 0) throw new ReportOptionError('--mail needs report.mail-to');
  const history = await openCallHistory(callDatabasePlace(config));
  try {
    const reader = statisticsOf(config, history);
    const report = await callReport(reader, { from: from ?? request.date ?? reader.yesterday(), to });
    if (out === undefined && !mail) process.stdout.write(report.text);
    if (out !== undefined) await writeReport(out, report);
    if (mail) await sendReport(config, report);
  } finally {
    await history.close();
  }
}

type Report = Awaited<ReturnType<typeof callReport>>;

async function writeReport(folder: string, { fileName, html, csv, text }: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [ending, content] of Object.entries({ html, csv, txt: text })) {
    const path = join(folder, `${fileName}.${ending}`);
    await writeFile(path, content);
    process.stdout.write(`${path}\n`);
  }
}

async function sendReport(config: Config, report: Report): Promise<void> {
  const mailer = mailerOf(config);
  try {
    const { accepted, refused } = await mailer.send(reportMessage(report, config.report['mail-to']));
    process.stdout.write(`sent to ${accepted.join(', ')}\n`);
    if (refused.length > 0) {
      process.stderr.write(`gbrtc report: the mail server refused ${refused.join(', ')}\n`);
      process.exitCode = 1;
    }
  } finally {
    await mailer.close();
  }
}

/** Runs with the process's own arguments. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    const request = parseReportArgs(args);
    if (request === undefined) process.stdout.write(USAGE);
    else await run(request);
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    const usage =
      error instanceof ReportOptionError ||
      error instanceof ConfigError ||
      code === 'date_range_invalid' ||
      code.startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`gbrtc report: ${errorMessage(error)}\n`);
    if (!usage && !(error instanceof GatewayError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = usage ? EXIT_USAGE : 1;
  }
}
