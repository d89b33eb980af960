/** What the API needs of the cameras, recorders and relayers of meetings; `RoomActors` of src/rooms is one. */

interface RoomName {
  readonly app: string;
  readonly channel: string;
}

interface CameraView extends RoomName {
  readonly endpoint: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly streamId: string;
}

interface TakerView extends RoomName {
  readonly endpoint: string;
  readonly role: 'recorder' | 'relayer';
  readonly url?: string;
  readonly streams: ReadonlyArray<{
    readonly streamId: string;
    readonly endpoint: string;
    readonly state: 'starting' | 'running' | 'failed' | 'ended';
    readonly recordingId?: string;
    readonly url?: string;
    readonly failure?: { readonly code: string; readonly message: string };
  }>;
}

/** Errors are GatewayErrors. */
export interface ApiRoomActors {
  placeCamera(
    request: RoomName & {
      readonly deviceId: string;
      readonly channelId: string;
      readonly subStream: number;
      readonly endpoint?: string;
    },
    signal?: AbortSignal,
  ): Promise<CameraView>;
  cameras(room: RoomName): CameraView[];
  removeCamera(room: RoomName, endpoint: string): boolean;
  startRecorder(request: RoomName & { readonly endpoint?: string; readonly segmentMinutes?: number }): TakerView;
  startRelayer(request: RoomName & { readonly endpoint?: string; readonly url: string }): TakerView;
  taker(room: RoomName, role: TakerView['role']): TakerView | undefined;
  stopTaker(room: RoomName, role: TakerView['role']): Promise<boolean>;
}
