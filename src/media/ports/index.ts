export { PortsExhaustedError } from './errors.ts';
export { PortPool } from './port-pool.ts';
