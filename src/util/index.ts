export { AddressBlocks } from './address-blocks.ts';
export { splitCommand } from './command-line.ts';
export { GatewayError, errorMessage } from './errors.ts';
export { HttpClients, type HttpClient } from './http-client.ts';
export { createLogger, silentLogger, type LogLevel, type Logger } from './logger.ts';
export { isMailAddress, parseMailSender } from './mail-address.ts';
export { safeEmit } from './safe-emit.ts';
export { sourceNetwork } from './source-network.ts';
export { turnAccount } from './turn-account.ts';
