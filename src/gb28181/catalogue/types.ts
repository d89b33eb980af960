/** Why a channel that is OFF has no picture (GB/T 28181 11.3): no video signal, or out of order. */
export type ChannelFault = 'VLOST' | 'DEFECT';

/** One catalogue item as sent (GB/T 28181 7.3); texts empty and numbers 0 where absent. */
export interface CatalogItem {
  readonly id: string;
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly owner: string;
  readonly civilCode: string;
  readonly block: string;
  readonly address: string;
  readonly parental: number;
  /** ParentID as sent, e.g. `a/b`. */
  readonly parentIdText: string;
  readonly businessGroupId: string;
  readonly safetyWay: number;
  readonly registerWay: number;
  readonly secrecy: number;
  readonly ipAddress: string;
  readonly port: number;
  readonly status: 'ON' | 'OFF';
  /** Absent: none told. */
  readonly fault?: ChannelFault;
  readonly longitude: number;
  readonly latitude: number;
  readonly ptzType: number;
  readonly resolution: string;
  readonly downloadSpeed: string;
  readonly streamNumbers: string;
  /** What else it tells, by the standard's names, e.g. `DirectionType`; absent: nothing. */
  readonly details?: Readonly<Record<string, string>>;
  /** Sent in a SensorCatalog (Uniview): not every item of it is a camera. */
  readonly sensor?: boolean;
}

/** A catalogue item of a device and what the platform makes of it. */
export interface Channel extends Omit<CatalogItem, 'sensor'> {
  readonly deviceId: string;
  /** Resolved parent inside this device's tree; the device's id for a root. Never a cycle. */
  readonly parentId: string;
  readonly kind: 'video' | 'audio' | 'alarm' | 'region' | 'group' | 'organisation' | 'system' | 'other';
  readonly updatedAt: number;
  /** What the device says, where the operator has set a name or a position of his own. */
  readonly told?: Pick<CatalogItem, 'name' | 'longitude' | 'latitude'>;
}

/** Which part of a catalogue is asked for (GB/T 28181 7.1). */
export interface CatalogScope {
  /** A region, system, business group or virtual organisation; absent: all of the device. */
  readonly id?: string;
  /** Unix ms; only what was added between. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface CatalogResult {
  readonly sumNum: number;
  readonly received: number;
  /** All SumNum items arrived; only then vanished channels are swept. */
  readonly complete: boolean;
}
