import type { Capabilities } from '../capability/capabilities.ts';
import type { Command } from '../commander.ts';
import { targetId } from '../control/target.ts';
import type { CommandOptions, CommandTarget } from '../control/types.ts';
import type { DeviceAccess } from '../device-access.ts';
import type { DeviceRecord } from '../device/record.ts';
import {
  alarmQuery,
  cruiseTrackListQuery,
  cruiseTrackQuery,
  deviceInfoQuery,
  deviceStatusQuery,
  homePositionQuery,
  mobilePositionQuery,
  parseAlarmQueryPart,
  parseCruiseTrackListPart,
  parseCruiseTrackPart,
  parseDeviceInfo,
  parseDeviceStatus,
  parseHomePosition,
  parsePositionNotify,
  parsePresetPart,
  parsePtzPosition,
  parseSdCardStatusPart,
  presetQuery,
  ptzPositionQuery,
  sdCardStatusQuery,
  sumNumOf,
  type AlarmConditions,
  type CruiseTrack,
  type DeviceInfo,
  type DeviceStatus,
  type HomePosition,
  type ListPart,
  type Manscdp,
  type PositionFacts,
  type Preset,
  type PtzPositionState,
  type SdCard,
  type ToldAlarm,
} from '../manscdp/index.ts';
import { ResponseCollector, type CollectTimes } from '../response-collector.ts';
import { ListParts } from './list-parts.ts';
import type { CruiseTrackAnswer, DeviceQueries, ListAnswer } from './types.ts';

export interface QueriesOptions {
  readonly access: DeviceAccess;
  readonly capabilities: Capabilities;
  readonly times: CollectTimes;
  /** An answer that is a report too: a position, or an alarm that came as a notification. */
  readonly onReport: (record: DeviceRecord, message: Manscdp) => void;
}

/** The questions of one message and one answer, or of an answer in parts (GB/T 28181 6). */
export class Queries implements DeviceQueries {
  readonly #access: DeviceAccess;
  readonly #capabilities: Capabilities;
  readonly #times: CollectTimes;
  readonly #onReport: QueriesOptions['onReport'];

  constructor({ access, capabilities, times, onReport }: QueriesOptions) {
    this.#access = access;
    this.#capabilities = capabilities;
    this.#times = times;
    this.#onReport = onReport;
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

  async alarms(
    target: CommandTarget,
    conditions: AlarmConditions = {},
    options: CommandOptions = {},
  ): Promise<ListAnswer<ToldAlarm>> {
    const record = this.#access.online(target.deviceId);
    const parts = new ListParts<ToldAlarm>(this.#reporting(record, parseAlarmQueryPart), alarmKey);
    const command: Command = (sn, deviceId) => alarmQuery(sn, deviceId, conditions, record.state.gbVersion);
    return parts.answer(await this.#collect('Alarm', command, { target, parts, options }));
  }

  async positions(
    target: CommandTarget,
    intervalSec: number,
    options: CommandOptions = {},
  ): Promise<ListAnswer<PositionFacts>> {
    const record = this.#access.online(target.deviceId);
    const parse = (message: Manscdp): ListPart<PositionFacts> => {
      const { positions, unusable } = parsePositionNotify(message, record.id);
      const sumNum = message.body.number('SumNum');
      // A place without a fix is counted by the device, and is none.
      return { ...sumNumOf(sumNum === undefined ? undefined : sumNum - unusable), items: positions };
    };
    const parts = new ListParts<PositionFacts>(this.#reporting(record, parse), ({ id }) => id);
    const command: Command = (sn, deviceId) => mobilePositionQuery(sn, deviceId, intervalSec);
    return parts.answer(await this.#collect('MobilePosition', command, { target, parts, options }));
  }

  #reporting<T>(record: DeviceRecord, parse: (message: Manscdp) => ListPart<T>) {
    return (message: Manscdp): ListPart<T> => {
      this.#onReport(record, message);
      return parse(message);
    };
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

/** Alarms have no names; undefined where only the place in the answer tells one from another. */
function alarmKey({ channelId, alarmedAt, method, type, priority, description }: ToldAlarm): string | undefined {
  return alarmedAt === undefined ? undefined : `${channelId} ${alarmedAt} ${method} ${type} ${priority} ${description}`;
}
