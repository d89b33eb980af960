import { cruiseTrackListResponse, cruiseTrackResponse } from '../../gb28181/manscdp/cruise-track.ts';
import { homePositionResponse } from '../../gb28181/manscdp/home-position.ts';
import { presetResponse } from '../../gb28181/manscdp/preset-query.ts';
import { ptzPositionResponse } from '../../gb28181/manscdp/ptz-position.ts';
import { resultResponse } from '../../gb28181/manscdp/result.ts';
import { sdCardStatusResponse } from '../../gb28181/manscdp/sd-card-status.ts';
import { xmlNode } from '../../gb28181/manscdp/xml.ts';
import { channelOf } from './control.ts';
import type { CommandHandler } from './types.ts';

export const presetQuery: CommandHandler = (command, context) => {
  const { presets } = channelOf(command, context).state;
  return [presetResponse(command.sn, command.deviceId, { sumNum: presets.length, items: presets })];
};

export const homePositionQuery: CommandHandler = (command, context) => {
  const { behaviour } = context;
  if (behaviour.homePosition === 'refuses') return [resultResponse(command, false)];
  const answer = homePositionResponse(command.sn, command.deviceId, channelOf(command, context).state.home);
  if (behaviour.homePosition === 'standard') return [answer];
  // Dahua (quirks 2.3).
  return [{ ...answer, cmdType: 'HomePosition', rest: [xmlNode('Result', 'OK'), ...(answer.rest ?? [])] }];
};

export const cruiseTrackListQuery: CommandHandler = (command, context) => {
  const { tracks } = channelOf(command, context).state;
  return [cruiseTrackListResponse(command.sn, command.deviceId, { sumNum: tracks.length, items: tracks })];
};

export const cruiseTrackQuery: CommandHandler = (command, context) => {
  const number = command.body.number('Number') ?? 0;
  const track = channelOf(command, context).state.track(number);
  if (track === undefined) return [resultResponse(command, false)];
  const { name, points } = track;
  return [cruiseTrackResponse(command.sn, command.deviceId, { number, name, sumNum: points.length, items: points })];
};

export const ptzPosition: CommandHandler = (command, context) => {
  if (!context.behaviour.tellsPosition) return [resultResponse(command, false)];
  return [ptzPositionResponse(command.sn, command.deviceId, channelOf(command, context).state.position)];
};

export const sdCardStatus: CommandHandler = ({ sn, deviceId }, { device }) => {
  const cards = device.state.sdCards.all;
  return [sdCardStatusResponse(sn, deviceId, { sumNum: cards.length, items: cards })];
};
