import type { DeviceControl } from '../gb28181/manscdp/device-control.ts';
import { parseManscdp, type ManscdpParts } from '../gb28181/manscdp/message.ts';
import type { PtzCommand } from '../gb28181/ptz.ts';
import { parseNameAddr, parseUri, type IncomingRequest } from '../sip/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import type { Calls } from './calls.ts';
import { runCommand, type CommandContext } from './commands/index.ts';
import type { DeviceIndex, VirtualDevice } from './device.ts';
import type { PlatformLink } from './link.ts';

export interface RequestHandlerOptions {
  readonly devices: DeviceIndex;
  readonly calls: Calls;
  readonly link: PlatformLink;
  readonly log: Logger;
  readonly facts: Omit<CommandContext, 'device' | 'effects'>;
  readonly restart: (deviceId: string) => Promise<void>;
  readonly onControl: (channelId: string, control: DeviceControl) => void;
  readonly onPtz: (channelId: string, command: PtzCommand) => void;
  readonly onKeyFrame: (channelId: string) => void;
  readonly onReboot: (deviceId: string) => void;
  readonly onCommand: (deviceId: string, cmdType: string) => void;
}

/** What the platform asks of the devices of this process (GB/T 28181 2.10). */
export class RequestHandler {
  readonly #options: RequestHandlerOptions;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
  }

  handle(incoming: IncomingRequest): void {
    switch (incoming.request.method) {
      case 'MESSAGE':
        this.#message(incoming);
        return;
      case 'INVITE':
        this.#invite(incoming);
        return;
      case 'OPTIONS':
        incoming.reply(200);
        return;
      case 'SUBSCRIBE':
        this.#options.facts.reports.subscribe(incoming);
        return;
      case 'INFO':
        this.#options.calls.control(incoming);
        return;
      default:
        incoming.reply(405);
    }
  }

  #invite(incoming: IncomingRequest): void {
    if (incoming.dialog !== undefined) {
      // A session is not changed while it runs.
      incoming.reply(488);
      return;
    }
    const [channel] = addressed(incoming).flatMap((id) => this.#options.devices.channel(id) ?? []);
    if (channel === undefined) incoming.reply(404);
    else void this.#options.calls.answer(incoming, channel);
  }

  #message(incoming: IncomingRequest): void {
    const command = parseManscdp(incoming.request.body);
    if (typeof command === 'string') {
      incoming.reply(400, { reason: command });
      return;
    }
    const ids = [...addressed(incoming), command.deviceId];
    const [device] = ids.flatMap((id) => this.#options.devices.device(id) ?? []);
    if (device === undefined) {
      incoming.reply(404);
      return;
    }
    incoming.reply(200);
    if (command.root !== 'Query' && command.root !== 'Control') return;
    const answers = runCommand(command, this.#contextOf(device));
    this.#options.onCommand(device.id, command.cmdType);
    void this.#sendInTurn(device.id, answers);
  }

  #contextOf(device: VirtualDevice): CommandContext {
    const { facts, calls, link, log, restart, onControl, onPtz, onKeyFrame, onReboot } = this.#options;
    return {
      ...facts,
      device,
      effects: {
        onControl,
        onPtz: (channelId, command) => {
          if (command.kind === 'move') facts.reports.turned(channelId, command.pan);
          onPtz(channelId, command);
        },
        onKeyFrame: (channelId) => {
          calls.requestKeyFrame(channelId);
          onKeyFrame(channelId);
        },
        onReboot: () => onReboot(device.id),
        restart: () => restart(device.id),
        notify: (parts) => link.message(device.id, parts),
        inBackground: (what, work) => {
          work().catch((error: unknown) =>
            log.warn({ deviceId: device.id, what, error: errorMessage(error) }, 'failed'),
          );
        },
      },
    };
  }

  /** The next part after the 200 of the one before (GB/T 28181 7.4). */
  async #sendInTurn(deviceId: string, parts: readonly ManscdpParts[]): Promise<void> {
    const { link, log } = this.#options;
    try {
      for (const part of parts) await link.message(deviceId, part);
    } catch (error) {
      log.warn({ deviceId, error: errorMessage(error) }, 'answer not delivered');
    }
  }
}

/** User parts of the Request-URI and of To: platforms write either (GB/T 28181 4.3). */
function addressed({ request }: IncomingRequest): string[] {
  const to = parseNameAddr(request.headers.get('To') ?? '');
  return [parseUri(request.uri)?.user ?? '', to?.uri.user ?? ''];
}
