import { GatewayError } from '../../util/index.ts';

/** No group of the operator has this ID. */
export class GroupUnknownError extends GatewayError {
  override readonly code = 'group_unknown';
  constructor(id: string) {
    super(`no group ${id}`);
  }
}

/** A group cannot lie in itself. */
export class GroupCycleError extends GatewayError {
  override readonly code = 'group_cycle';
  constructor(name: string, parent: string) {
    super(`group ${name} cannot be moved into ${parent}, which lies in it`);
  }
}

/** More groups, levels or members than are kept. */
export class GroupLimitError extends GatewayError {
  override readonly code = 'group_limit';
  constructor(what: string, asked: number, limit: number) {
    super(`${asked} ${what}, at most ${limit} are possible`);
  }
}
