import type { Capabilities } from '../capability/capabilities.ts';
import type { Command } from '../commander.ts';
import { targetId } from '../control/target.ts';
import type { CommandOptions, CommandTarget } from '../control/types.ts';
import type { DeviceAccess } from '../device-access.ts';
import type { DeviceRecord } from '../device/record.ts';
import {
  cruiseTrackListQuery,
  cruiseTrackQuery,
  deviceInfoQuery,
  deviceStatusQuery,
  homePositionQuery,
  parseCruiseTrackListPart,
  parseCruiseTrackPart,
  parseDeviceInfo,
  parseDeviceStatus,
  parseHomePosition,
  parsePresetPart,
  parsePtzPosition,
  parseSdCardStatusPart,
  presetQuery,
  ptzPositionQuery,
  sdCardStatusQuery,
  type CruiseTrack,
  type DeviceInfo,
  type DeviceStatus,
  type HomePosition,
  type Manscdp,
  type Preset,
  type PtzPositionState,
  type SdCard,
} from '../manscdp/index.ts';
import { ResponseCollector, type CollectTimes } from '../response-collector.ts';
import { ListParts } from './list-parts.ts';
import type { CruiseTrackAnswer, DeviceQueries, ListAnswer } from './types.ts';

/** The questions of one message and one answer, or of an answer in parts (GB/T 28181 6). */
export class Queries implements DeviceQueries {
  readonly #access: DeviceAccess;
  readonly #capabilities: Capabilities;
  readonly #times: CollectTimes;

  constructor(access: DeviceAccess, capabilities: Capabilities, times: CollectTimes) {
    this.#access = access;
    this.#capabilities = capabilities;
    this.#times = times;
  }

  async info(target: CommandTarget, options: CommandOptions = {}): Promise<DeviceInfo> {
    return parseDeviceInfo(await this.#ask('DeviceInfo', deviceInfoQuery, target, options));
  }

  async status(target: CommandTarget, options: CommandOptions = {}): Promise<DeviceStatus> {
    return parseDeviceStatus(await this.#ask('DeviceStatus', deviceStatusQuery, target, options));
  }

  async presets(target: CommandTarget, options: CommandOptions = {}): Promise<ListAnswer<Preset>> {
    const parts = new ListParts<Preset>(parsePresetPart, ({ id }) => id);
    return parts.answer(await this.#collect('PresetQuery', presetQuery, { target, parts, options }));
  }

  async homePosition(target: CommandTarget, options: CommandOptions = {}): Promise<HomePosition | undefined> {
    this.#require2022('HomePositionQuery', target, options);
    return parseHomePosition(await this.#ask('HomePositionQuery', homePositionQuery, target, options));
  }

  async cruiseTracks(target: CommandTarget, options: CommandOptions = {}): Promise<ListAnswer<CruiseTrack>> {
    this.#require2022('CruiseTrackListQuery', target, options);
    const parts = new ListParts<CruiseTrack>(parseCruiseTrackListPart, ({ number }) => String(number));
    return parts.answer(await this.#collect('CruiseTrackListQuery', cruiseTrackListQuery, { target, parts, options }));
  }

  async cruiseTrack(target: CommandTarget, number: number, options: CommandOptions = {}): Promise<CruiseTrackAnswer> {
    this.#require2022('CruiseTrackQuery', target, options);
    let name = '';
    // A track may pass the same preset twice: its points are told apart by their place.
    const parts = new ListParts(
      (message: Manscdp) => {
        const part = parseCruiseTrackPart(message);
        name = part.name || name;
        return part;
      },
      () => undefined,
    );
    const command: Command = (sn, deviceId) => cruiseTrackQuery(sn, deviceId, number);
    const complete = await this.#collect('CruiseTrackQuery', command, { target, parts, options });
    return { number, name, ...parts.answer(complete) };
  }

  async ptzPosition(target: CommandTarget, options: CommandOptions = {}): Promise<PtzPositionState> {
    this.#require2022('PTZPosition', target, options);
    return parsePtzPosition(await this.#ask('PTZPosition', ptzPositionQuery, target, options));
  }

  async sdCards(target: CommandTarget, options: CommandOptions = {}): Promise<ListAnswer<SdCard>> {
    this.#require2022('SDCardStatus', target, options);
    const parts = new ListParts<SdCard>(parseSdCardStatusPart, ({ id }) => id?.toString());
    return parts.answer(await this.#collect('SDCardStatus', sdCardStatusQuery, { target, parts, options }));
  }

  #require2022(command: string, { deviceId }: CommandTarget, { force }: CommandOptions): void {
    this.#capabilities.requireEdition2022(this.#access.online(deviceId), command, force);
  }

  #ask(name: string, command: Command, target: CommandTarget, { signal }: CommandOptions): Promise<Manscdp> {
    const record = this.#access.online(target.deviceId);
    return this.#capabilities.learn(record, name, 'confirmed', () =>
      this.#access.commander.query(record, addressed(record, target, command), signal ?? this.#access.closing),
    );
  }

  #collect<T>(
    name: string,
    command: Command,
    { target, parts, options }: { target: CommandTarget; parts: ListParts<T>; options: CommandOptions },
  ): Promise<boolean> {
    const record = this.#access.online(target.deviceId);
    const collection = { command: addressed(record, target, command), parts, times: this.#times };
    return this.#capabilities.learn(record, name, 'confirmed', () =>
      new ResponseCollector(record, this.#access, collection).run(options.signal ?? this.#access.closing),
    );
  }
}

/** The command for a channel instead of the device. */
function addressed(record: DeviceRecord, target: CommandTarget, command: Command): Command {
  return (sn) => command(sn, targetId(record, target));
}
