import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError, loadConfig, standardConfigFile, type Config } from './config/index.ts';
import { startDemoCameras, demoConfig } from './demo.ts';
import { createSystemdNotifier } from './systemd/notify.ts';
import { GatewayError, errorMessage } from './util/index.ts';
import { welcome } from './welcome.ts';

const USAGE = `gbrtc: GB/T 28181 cameras in the browser

  npm start -- [options]

  -c, --config FILE   configuration; default conf/config.yaml where it exists
      --pms-conf FILE a pms.conf as it is; what it says comes before the configuration
      --demo          three virtual cameras, nothing to connect; no login
  -v, --version
  -h, --help
`;

/** Everything must be closed so long after the first signal. */
const CLOSE_LIMIT_MS = 3_000;

interface Options {
  readonly config: string | undefined;
  readonly pmsConf: string | undefined;
  readonly demo: boolean;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      config: { type: 'string', short: 'c' },
      'pms-conf': { type: 'string' },
      demo: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', short: 'v', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return undefined;
  }
  if (values.version) {
    process.stdout.write(`${version()}\n`);
    return undefined;
  }
  return {
    config: values.config ?? standardConfigFile(),
    pmsConf: values['pms-conf'],
    demo: values.demo,
  };
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return text;
}

/** From now on a signal closes what is open, and ends the process. */
function closeOnSignal(close: () => Promise<void>): void {
  let closing = false;
  const handle = (): void => {
    if (closing) return;
    closing = true;
    process.stdout.write('\nclosing\n');
    setTimeout(() => process.exit(0), CLOSE_LIMIT_MS - 200).unref();
    void close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${errorMessage(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
}

/** Opens everything that was asked for. @returns how to close it */
async function open(config: Config, { demo }: Options, signal: AbortSignal): Promise<() => Promise<void>> {
  // Loading it takes most of a second, in which a signal must be heard already.
  const { openGateway } = await import('./gateway.ts');
  signal.throwIfAborted();
  const gateway = await openGateway({ config, demo, version: version(), signal });
  const cameras = demo ? startDemoCameras(gateway) : undefined;
  const { healthy, log } = gateway;
  const systemd = createSystemdNotifier({ environment: process.env, healthy, log: log.child({ part: 'systemd' }) });
  systemd.ready();
  process.stdout.write(welcome(gateway, demo));
  return async () => {
    void systemd.stopping();
    await gateway.close();
    await cameras?.close();
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  if (!options) return;
  const { config: loaded, notes } = loadConfig(options, process.env);
  for (const note of notes) process.stdout.write(`${note}\n`);
  const stop = new AbortController();
  const opening = open(options.demo ? demoConfig(loaded) : loaded, options, stop.signal);
  closeOnSignal(async () => {
    stop.abort();
    // What was open of a gateway that did not come so far is closed by itself.
    const close = await opening.catch(() => undefined);
    await close?.();
  });
  try {
    await opening;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof GatewayError ? error.message : String((error as Error).stack ?? error)}\n`);
  const wrongUse = error instanceof ConfigError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  process.exit(wrongUse ? 2 : 1);
}
