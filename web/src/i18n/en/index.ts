import { app, login } from './app.ts';
import { devices } from './devices.ts';
import { live } from './live.ts';
import { failures, stages, timeline, waiting } from './play.ts';
import { connect, settings } from './setup.ts';

export const en = { app, login, live, stages, waiting, failures, timeline, devices, connect, settings };

/** Every language has exactly these texts. */
export type Messages = typeof en;
