import { call } from './http.ts';
import type { ConnectInfo, Session } from './types.ts';

export const getSession = () => call<Session>('GET', '/session');

/** The token stays in the HttpOnly cookie that the server sets. */
export const login = (username: string, password: string) =>
  call<unknown>('POST', '/login', { body: { username, password } });

export const logout = () => call<void>('POST', '/logout');

export const getSettings = () => call<Record<string, unknown>>('GET', '/settings');

export const getConnectInfo = () => call<ConnectInfo>('GET', '/connect-info');
