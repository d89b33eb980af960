import type { Config } from './config/index.ts';

/** The configuration as the settings page may show it: passwords only as "set". */
export function redactConfig(config: Config): Readonly<Record<string, unknown>> {
  const { auth } = config.gb28181;
  return {
    ...config,
    gb28181: { ...config.gb28181, auth: { ...auth, password: auth.password === '' ? '' : '[set]' } },
  };
}
