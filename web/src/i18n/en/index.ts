import { alarms, map } from './alarms.ts';
import { app, login } from './app.ts';
import { call } from './call.ts';
import { conference } from './conference.ts';
import { control } from './control.ts';
import { details } from './details.ts';
import { devices } from './devices.ts';
import { errors } from './errors.ts';
import { live } from './live.ts';
import { meet } from './meet.ts';
import { failures, stages, timeline, waiting } from './play.ts';
import { playback } from './playback.ts';
import { publish } from './publish.ts';
import { pulls } from './pulls.ts';
import { recordings } from './recordings.ts';
import { connect, settings } from './setup.ts';
import { statistics } from './statistics.ts';
import { streams } from './streams.ts';

export const en = {
  app,
  login,
  live,
  stages,
  waiting,
  failures,
  errors,
  timeline,
  devices,
  details,
  control,
  streams,
  publish,
  meet,
  pulls,
  recordings,
  playback,
  alarms,
  map,
  conference,
  call,
  statistics,
  connect,
  settings,
};

/** Every language has exactly these texts. */
export type Messages = typeof en;
