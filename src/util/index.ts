export { GatewayError, assertUnreachable, errorMessage } from './errors.ts';
export { createLogger, silentLogger, type LogLevel, type Logger, type LoggerOptions } from './logger.ts';
export { safeEmit } from './safe-emit.ts';
