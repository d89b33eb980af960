import type { AlarmOptions, Alarms, AlarmStore } from './alarm/types.ts';
import type { CatalogChangeCounters } from './catalogue/catalog-changes.ts';
import type { PtzPositionState, VideoUpload } from './manscdp/index.ts';
import type { PositionOptions, Positions, PositionStore } from './position/types.ts';
import type { SubscriptionCounters, SubscriptionOptions, SubscriptionView } from './subscription/types.ts';

export interface ReportsOptions {
  readonly subscriptions: SubscriptionOptions;
  readonly alarms: AlarmOptions;
  readonly positions: PositionOptions;
}

export interface ReportStores {
  readonly alarms: AlarmStore;
  readonly positions: PositionStore;
}

/** What devices report by themselves, and the subscriptions that make them do it (GB/T 28181 sections 10 and 11). */
export interface DeviceReports {
  readonly alarms: Alarms;
  readonly positions: Positions;
  readonly counters: { readonly subscriptions: SubscriptionCounters; readonly catalog: CatalogChangeCounters };
  /** One for each kind; of an unknown device all off. */
  subscriptions(deviceId: string): SubscriptionView[];
  /** Subscribes or refreshes now, also what the device has refused. @throws DeviceOfflineError */
  renewSubscriptions(deviceId: string): SubscriptionView[];
}

export interface PtzPosition extends PtzPositionState {
  readonly deviceId: string;
  readonly channelId: string;
}

/** A device that wants its picture to be fetched. */
export interface VideoUploadRequest extends VideoUpload {
  readonly deviceId: string;
  readonly channelId: string;
}

export type DeviceReportEvents = {
  subscriptionsChanged: [deviceId: string];
  ptzPosition: [position: PtzPosition];
  videoUpload: [request: VideoUploadRequest];
};
