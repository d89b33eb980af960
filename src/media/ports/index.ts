export { PortsExhaustedError } from './errors.ts';
export { PortPool, type PortPoolOptions } from './port-pool.ts';
