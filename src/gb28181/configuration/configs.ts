import type { Capabilities } from '../capability/capabilities.ts';
import { targetId } from '../control/target.ts';
import type { CommandOptions, CommandTarget, ControlAnswer } from '../control/types.ts';
import type { DeviceAccess } from '../device-access.ts';
import type { DeviceRecord } from '../device/record.ts';
import { DeviceRefusedError, DeviceSilentError } from '../errors.ts';
import {
  CONFIG_TYPES_2016,
  configDownloadQuery,
  deviceConfig,
  type BasicParam,
  type ConfigType,
  type ConfigValues,
} from '../manscdp/index.ts';
import { ResponseCollector, type CollectTimes } from '../response-collector.ts';
import { ConfigParts } from './config-parts.ts';
import type { ConfigAnswer, DeviceConfigs } from './types.ts';

export interface ConfigsOptions {
  readonly access: DeviceAccess;
  readonly capabilities: Capabilities;
  readonly times: CollectTimes;
  /** BasicParam of a device, read or written: the platform waits for keepalives by it. */
  readonly onBasicParam: (record: DeviceRecord, basic: BasicParam) => void;
}

/** Reads and writes the configuration of devices (GB/T 28181 9.4). */
export class Configs implements DeviceConfigs {
  readonly #options: ConfigsOptions;

  constructor(options: ConfigsOptions) {
    this.#options = options;
  }

  async read(
    target: CommandTarget,
    types: readonly ConfigType[],
    { force, signal }: CommandOptions = {},
  ): Promise<ConfigAnswer> {
    const { access, times, onBasicParam } = this.#options;
    const record = access.online(target.deviceId);
    this.#requireEdition(record, 'ConfigDownload', types, force);
    const parts = new ConfigParts(types);
    const id = targetId(record, target);
    const collection = {
      command: (sn: number) => configDownloadQuery(sn, id, types),
      parts,
      times,
      takesErrors: true,
    };
    const complete = await this.#run(record, types, () =>
      new ResponseCollector(record, access, collection).run(signal ?? access.closing),
    );
    const answer = parts.answer(complete);
    for (const type of types) this.#note(record, type, answer);
    if (parts.refused) throw new DeviceRefusedError(record.id, 'ConfigDownload', 200);
    const { BasicParam } = answer.values;
    if (BasicParam !== undefined && id === record.wireId) onBasicParam(record, BasicParam);
    return answer;
  }

  async write(target: CommandTarget, values: ConfigValues, options: CommandOptions = {}): Promise<ControlAnswer> {
    const { access, capabilities, onBasicParam } = this.#options;
    const record = access.online(target.deviceId);
    const types = Object.keys(values) as ConfigType[];
    this.#requireEdition(record, 'DeviceConfig', types, options.force);
    const id = writeTargetId(record, target);
    const command = `DeviceConfig/${types.join('/')}`;
    await capabilities.learn(record, command, 'confirmed', () =>
      access.commander.query(record, (sn) => deviceConfig(sn, id, values), options.signal ?? access.closing),
    );
    if (values.BasicParam !== undefined && id === record.wireId) onBasicParam(record, values.BasicParam);
    return { command, outcome: 'confirmed' };
  }

  #requireEdition(record: DeviceRecord, cmdType: string, types: readonly ConfigType[], force = false): void {
    for (const type of types) {
      if (CONFIG_TYPES_2016.has(type)) continue;
      this.#options.capabilities.requireEdition2022(record, `${cmdType}/${type}`, force);
    }
  }

  async #run(record: DeviceRecord, types: readonly ConfigType[], work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DeviceSilentError)
        for (const type of types) this.#options.capabilities.note(record.id, `ConfigDownload/${type}`, 'unanswered');
      throw error;
    }
  }

  #note(record: DeviceRecord, type: ConfigType, { missing, complete }: ConfigAnswer): void {
    const outcome = !missing.includes(type) ? 'confirmed' : complete ? 'refused' : 'unanswered';
    this.#options.capabilities.note(record.id, `ConfigDownload/${type}`, outcome);
  }
}

/** Dahua takes configuration only for the device (quirks 2.3). */
function writeTargetId(record: DeviceRecord, target: CommandTarget): string {
  const { manufacturer, userAgent } = record.state;
  return /dahua/i.test(`${manufacturer} ${userAgent}`) ? record.wireId : targetId(record, target);
}
