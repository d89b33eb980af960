/** Inputs of a server transaction: from the wire, from its user, and its timers. */
export type ServerInput = 'request' | 'ack' | 'provisional' | 'success' | 'failure' | 'timer_g' | 'timer_end';

export type ServerState = 'trying' | 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

/** What a transition does: names of methods of ServerTransaction. */
export type ServerAction =
  | 'send'
  | 'resend'
  | 'start_g'
  | 'start_h'
  | 'start_i'
  | 'start_j'
  | 'start_l'
  | 'tell_ack'
  | 'tell_timeout';

export interface ServerRow {
  readonly next: ServerState;
  readonly actions: readonly ServerAction[];
}

export type ServerTable = Readonly<Record<ServerState, Readonly<Record<ServerInput, ServerRow>>>>;

function to(next: ServerState, ...actions: ServerAction[]): ServerRow {
  return { next, actions };
}

const OVER: Readonly<Record<ServerInput, ServerRow>> = {
  request: to('terminated'),
  ack: to('terminated'),
  provisional: to('terminated'),
  success: to('terminated'),
  failure: to('terminated'),
  timer_g: to('terminated'),
  timer_end: to('terminated'),
};

/** RFC 3261 §17.2.2, figure 8. `timer_end` before a final response: the user never answered. */
export const NON_INVITE_SERVER: ServerTable = {
  trying: {
    request: to('trying'),
    ack: to('trying'),
    provisional: to('proceeding', 'send'),
    success: to('completed', 'send', 'start_j'),
    failure: to('completed', 'send', 'start_j'),
    timer_g: to('trying'),
    timer_end: to('terminated', 'tell_timeout'),
  },
  proceeding: {
    request: to('proceeding', 'resend'),
    ack: to('proceeding'),
    provisional: to('proceeding', 'send'),
    success: to('completed', 'send', 'start_j'),
    failure: to('completed', 'send', 'start_j'),
    timer_g: to('proceeding'),
    timer_end: to('terminated', 'tell_timeout'),
  },
  completed: {
    request: to('completed', 'resend'),
    ack: to('completed'),
    provisional: to('completed'),
    success: to('completed'),
    failure: to('completed'),
    timer_g: to('completed'),
    timer_end: to('terminated'),
  },
  confirmed: OVER,
  accepted: OVER,
  terminated: OVER,
};

/** RFC 3261 §17.2.1, figure 7, with the accepted state of RFC 6026 §7.1. */
export const INVITE_SERVER: ServerTable = {
  trying: {
    request: to('trying'),
    ack: to('trying'),
    provisional: to('proceeding', 'send'),
    success: to('accepted', 'send', 'start_l'),
    failure: to('completed', 'send', 'start_g', 'start_h'),
    timer_g: to('trying'),
    timer_end: to('terminated', 'tell_timeout'),
  },
  proceeding: {
    request: to('proceeding', 'resend'),
    ack: to('proceeding'),
    provisional: to('proceeding', 'send'),
    success: to('accepted', 'send', 'start_l'),
    failure: to('completed', 'send', 'start_g', 'start_h'),
    timer_g: to('proceeding'),
    timer_end: to('terminated', 'tell_timeout'),
  },
  completed: {
    request: to('completed', 'resend'),
    ack: to('confirmed', 'start_i'),
    provisional: to('completed'),
    success: to('completed'),
    failure: to('completed'),
    timer_g: to('completed', 'resend', 'start_g'),
    timer_end: to('terminated'),
  },
  confirmed: {
    request: to('confirmed'),
    ack: to('confirmed'),
    provisional: to('confirmed'),
    success: to('confirmed'),
    failure: to('confirmed'),
    timer_g: to('confirmed'),
    timer_end: to('terminated'),
  },
  // RFC 6026 §7.1 leaves repeating the 2xx to the user; a copy of the INVITE only shows that it is needed.
  accepted: {
    request: to('accepted', 'resend'),
    ack: to('accepted', 'tell_ack'),
    provisional: to('accepted'),
    success: to('accepted', 'send'),
    failure: to('accepted'),
    timer_g: to('accepted'),
    timer_end: to('terminated'),
  },
  terminated: OVER,
};
