import type { Config } from './config/index.ts';

/** The configuration as the settings page may show it: passwords only as "set". */
export function redactConfig(config: Config): Readonly<Record<string, unknown>> {
  const secret = (password: string): string => (password === '' ? '' : '[set]');
  const { gb28181, rtsp, pms, pull, ice } = config;
  return {
    ...config,
    gb28181: { ...gb28181, auth: { ...gb28181.auth, password: secret(gb28181.auth.password) } },
    pms: { ...pms, passPhrase: secret(pms.passPhrase) },
    ice: {
      ...ice,
      servers: ice.servers.map((server) => ({ ...server, credential: secret(server.credential) })),
      'registration-token': secret(ice['registration-token']),
      'shared-secret': secret(ice['shared-secret']),
    },
    pull: pull.map((node) => ({ ...node, password: secret(node.password) })),
    rtsp: {
      ...rtsp,
      auth: {
        ...rtsp.auth,
        password: secret(rtsp.auth.password),
        'publish-password': secret(rtsp.auth['publish-password']),
      },
    },
  };
}
