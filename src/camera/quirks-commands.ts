import type { Quirk } from './quirks.ts';

const DEFAULT_SNAPSHOTS = 1;

/** Ways of answering controls, queries and configuration. */
export const COMMAND_QUIRKS: readonly Quirk[] = [
  {
    name: 'gb-2016',
    summary: 'registers without X-GB-ver, takes commands of the 2022 edition with 200 and does nothing',
    apply: (behaviour) => ({ ...behaviour, edition: '2016' }),
  },
  {
    name: 'no-control-response',
    summary: 'does what DeviceControl and DeviceConfig say and never sends the Response',
    apply: (behaviour) => ({ ...behaviour, answersControls: false }),
  },
  {
    name: 'dahua-home-position',
    summary: 'Dahua: answers HomePositionQuery as HomePosition with a Result, ignores what is set',
    apply: (behaviour) => ({ ...behaviour, homePosition: 'dahua' }),
  },
  {
    name: 'hik-no-position',
    summary: 'Hikvision DS-2DC2C40MY: Result ERROR to PTZPosition and HomePositionQuery, ignores PTZPreciseCtrl',
    apply: (behaviour) => ({ ...behaviour, homePosition: 'refuses', tellsPosition: false }),
  },
  {
    name: 'uniview-config-name',
    summary: 'Uniview: elements of ConfigDownload are named otherwise than the type that was asked for',
    apply: (behaviour) => ({ ...behaviour, renamesConfig: true }),
  },
  {
    name: 'dahua-device-config',
    summary: 'Dahua: refuses DeviceConfig for a channel',
    apply: (behaviour) => ({ ...behaviour, configuresDeviceOnly: true }),
  },
  {
    name: 'snapshot-multipart',
    summary: 'uploads snapshots as multipart/form-data by POST; otherwise as they are by PUT',
    apply: (behaviour) => ({ ...behaviour, snapshotUpload: 'multipart' }),
  },
  {
    name: 'snapshot-partial',
    summary: `uploads at most N snapshots of a session: snapshot-partial=N, ${DEFAULT_SNAPSHOTS} where not given`,
    apply: (behaviour, argument) => ({ ...behaviour, snapshotsAtMost: argument ?? DEFAULT_SNAPSHOTS }),
  },
];
