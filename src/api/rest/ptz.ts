import type { z } from 'zod';
import { encodePtz, ptzOfMove, type DeviceControl, type PtzCommand } from '../../gb28181/index.ts';
import {
  auxiliarySchema,
  cruiseSchema,
  dragZoomSchema,
  groupNumber,
  homePositionSchema,
  lensSchema,
  precisePositionSchema,
  presetNumber,
  presetSetSchema,
  ptzSchema,
  scanSchema,
  targetTrackSchema,
} from '../schemas/control.ts';
import type { CommandRoutes } from './command-routes.ts';

const STOP = ptzOfMove({ direction: 'stop', speed: 0 });

function ptz(command: PtzCommand, names: { presetName?: string; cruiseTrackName?: string } = {}): DeviceControl {
  return { kind: 'ptz', hex: encodePtz(command), ...names };
}

/** Where a camera looks to, and what it does there (GB/T 28181 9.3). */
export function addPtzRoutes(routes: CommandRoutes): void {
  routes.control({
    path: '/ptz',
    summary: 'Move or zoom until the next stop',
    body: ptzSchema,
    control: ({ body: { direction, speed, zoomSpeed } }) =>
      ptz(ptzOfMove({ direction, speed, ...(zoomSpeed !== undefined && { zoomSpeed }) })),
  });
  routes.control({
    path: '/lens',
    summary: 'Focus and iris, until the next stop',
    body: lensSchema,
    control: ({ body }) => ptz(lensOf(body)),
  });
  addPresetRoutes(routes);
  addTourRoutes(routes);
  addPositionRoutes(routes);
  routes.control<{ number: number }, z.infer<typeof auxiliarySchema>>({
    path: '/auxiliaries/{number}',
    summary: 'Auxiliary switch; 1 is the wiper',
    params: { number: groupNumber },
    body: auxiliarySchema,
    control: ({ params: { number }, body: { on } }) => ptz({ kind: 'auxiliary', on, number }),
  });
}

/** Some cameras read either speed from one byte: what stands still has that of what moves (GB/T 28181 20). */
function lensOf({ focus, iris, focusSpeed, irisSpeed }: z.infer<typeof lensSchema>): PtzCommand {
  const still = focus === 'stop' && iris === 'stop';
  return {
    kind: 'lens',
    focus: focus === 'near' ? 1 : focus === 'far' ? -1 : 0,
    iris: iris === 'open' ? 1 : iris === 'close' ? -1 : 0,
    focusSpeed: still ? 0 : focus === 'stop' ? irisSpeed : focusSpeed,
    irisSpeed: still ? 0 : iris === 'stop' ? focusSpeed : irisSpeed,
  };
}

function addPresetRoutes(routes: CommandRoutes): void {
  const params = { number: presetNumber };
  routes.control<{ number: number }, z.infer<typeof presetSetSchema>>({
    path: '/presets/{number}',
    summary: 'Keep the present position as a preset',
    params,
    body: presetSetSchema,
    control: ({ params: { number }, body: { name } }) =>
      ptz({ kind: 'preset', action: 'set', preset: number }, name === undefined ? {} : { presetName: name }),
  });
  routes.control<{ number: number }>({
    path: '/presets/{number}/call',
    summary: 'Go to a preset',
    params,
    control: ({ params: { number } }) => ptz({ kind: 'preset', action: 'call', preset: number }),
  });
  routes.control<{ number: number }>({
    method: 'delete',
    path: '/presets/{number}',
    summary: 'Delete a preset',
    params,
    control: ({ params: { number } }) => ptz({ kind: 'preset', action: 'delete', preset: number }),
  });
}

function addTourRoutes(routes: CommandRoutes): void {
  const params = { group: groupNumber };
  routes.control<{ group: number }, z.infer<typeof cruiseSchema>>({
    path: '/cruises/{group}',
    summary: 'Points, speed, dwell time, start and stop of a cruise group',
    params,
    body: cruiseSchema,
    control: ({ params: { group }, body }) => cruiseOf(group, body),
  });
  routes.control<{ group: number }, z.infer<typeof scanSchema>>({
    path: '/scans/{group}',
    summary: 'Limits, speed, start and stop of an automatic scan',
    params,
    body: scanSchema,
    control: ({ params: { group }, body }) => scanOf(group, body),
  });
}

function cruiseOf(group: number, body: z.infer<typeof cruiseSchema>): DeviceControl {
  switch (body.action) {
    case 'add': {
      const command = { kind: 'cruise', action: 'add', group, value: body.preset } as const;
      return ptz(command, body.name === undefined ? {} : { cruiseTrackName: body.name });
    }
    case 'remove':
      return ptz({ kind: 'cruise', action: 'delete', group, value: body.preset });
    case 'clear':
      return ptz({ kind: 'cruise', action: 'delete', group, value: 0 });
    case 'speed':
      return ptz({ kind: 'cruise', action: 'speed', group, value: body.speed });
    case 'dwell':
      return ptz({ kind: 'cruise', action: 'dwell', group, value: body.seconds });
    case 'start':
      return ptz({ kind: 'cruise', action: 'start', group, value: 0 });
    case 'stop':
      return ptz(STOP);
  }
}

const LIMITS = { 'left-limit': 'left_limit', 'right-limit': 'right_limit' } as const;

function scanOf(group: number, body: z.infer<typeof scanSchema>): DeviceControl {
  switch (body.action) {
    case 'speed':
      return ptz({ kind: 'scan', action: 'speed', group, value: body.speed });
    case 'start':
      return ptz({ kind: 'scan', action: 'start', group, value: 0 });
    case 'stop':
      return ptz(STOP);
    default:
      return ptz({ kind: 'scan', action: LIMITS[body.action], group, value: 0 });
  }
}

function addPositionRoutes(routes: CommandRoutes): void {
  routes.control({
    path: '/drag-zoom',
    summary: 'Zoom to a box in the picture, or out of it',
    body: dragZoomSchema,
    control: ({ body: { direction, area } }) => ({ kind: 'drag_zoom', direction, area }),
  });
  routes.control({
    levels: ['device', 'channel'],
    path: '/home-position',
    summary: 'Set the position that the camera returns to by itself',
    body: homePositionSchema,
    control: ({ body: { enabled, resetTime, presetIndex } }) => ({
      kind: 'home_position',
      home: {
        enabled,
        ...(resetTime !== undefined && { resetTime }),
        ...(presetIndex !== undefined && { presetIndex }),
      },
    }),
  });
  routes.control({
    path: '/ptz-position',
    summary: 'Look to a position in degrees (GB/T 28181-2022)',
    body: precisePositionSchema,
    control: ({ body: { pan, tilt, zoom } }) => ({
      kind: 'precise_ptz',
      position: {
        ...(pan !== undefined && { pan }),
        ...(tilt !== undefined && { tilt }),
        ...(zoom !== undefined && { zoom }),
      },
    }),
  });
  routes.control({
    path: '/target-track',
    summary: 'Follow a target (GB/T 28181-2022)',
    body: targetTrackSchema,
    control: ({ body: { mode, panoramaId, area } }) => ({
      kind: 'target_track',
      mode,
      ...(panoramaId !== undefined && { panoramaId }),
      ...(area !== undefined && { area }),
    }),
  });
}
