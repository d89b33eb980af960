/** Inputs of a client transaction: from the wire and its timers. */
export type ClientInput = 'provisional' | 'success' | 'failure' | 'timer_retransmit' | 'timer_end' | 'transport_error';

export type ClientState = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

/** What a transition does: names of methods of ClientTransaction. */
export type ClientAction =
  | 'tell'
  | 'resend'
  | 'double_interval'
  | 'cap_interval'
  | 'stop_retransmit'
  | 'ack'
  | 'start_c'
  | 'start_d'
  | 'start_k'
  | 'start_m'
  | 'fail_timeout'
  | 'fail_transport';

export interface ClientRow {
  readonly next: ClientState;
  readonly actions: readonly ClientAction[];
}

export type ClientTable = Readonly<Record<ClientState, Readonly<Record<ClientInput, ClientRow>>>>;

function to(next: ClientState, ...actions: ClientAction[]): ClientRow {
  return { next, actions };
}

const OVER: Readonly<Record<ClientInput, ClientRow>> = {
  provisional: to('terminated'),
  success: to('terminated'),
  failure: to('terminated'),
  timer_retransmit: to('terminated'),
  timer_end: to('terminated'),
  transport_error: to('terminated'),
};

/** RFC 3261 §17.1.2, figure 6; `calling` is its trying state. Timers: retransmit E, end F then K. */
export const NON_INVITE_CLIENT: ClientTable = {
  calling: {
    provisional: to('proceeding', 'tell'),
    success: to('completed', 'stop_retransmit', 'tell', 'start_k'),
    failure: to('completed', 'stop_retransmit', 'tell', 'start_k'),
    timer_retransmit: to('calling', 'resend', 'double_interval'),
    timer_end: to('terminated', 'fail_timeout'),
    transport_error: to('terminated', 'fail_transport'),
  },
  proceeding: {
    provisional: to('proceeding', 'tell'),
    success: to('completed', 'stop_retransmit', 'tell', 'start_k'),
    failure: to('completed', 'stop_retransmit', 'tell', 'start_k'),
    timer_retransmit: to('proceeding', 'resend', 'cap_interval'),
    timer_end: to('terminated', 'fail_timeout'),
    transport_error: to('terminated', 'fail_transport'),
  },
  completed: {
    provisional: to('completed'),
    success: to('completed'),
    failure: to('completed'),
    timer_retransmit: to('completed'),
    timer_end: to('terminated'),
    transport_error: to('completed'),
  },
  accepted: OVER,
  terminated: OVER,
};

/** RFC 3261 §17.1.1, figure 5, with the accepted state of RFC 6026 §7.2. Timers: retransmit A, end B then C, D or M. */
export const INVITE_CLIENT: ClientTable = {
  calling: {
    provisional: to('proceeding', 'stop_retransmit', 'start_c', 'tell'),
    success: to('accepted', 'stop_retransmit', 'start_m', 'tell'),
    failure: to('completed', 'stop_retransmit', 'ack', 'start_d', 'tell'),
    timer_retransmit: to('calling', 'resend', 'double_interval'),
    timer_end: to('terminated', 'fail_timeout'),
    transport_error: to('terminated', 'fail_transport'),
  },
  proceeding: {
    provisional: to('proceeding', 'start_c', 'tell'),
    success: to('accepted', 'start_m', 'tell'),
    failure: to('completed', 'ack', 'start_d', 'tell'),
    timer_retransmit: to('proceeding'),
    timer_end: to('terminated', 'fail_timeout'),
    transport_error: to('terminated', 'fail_transport'),
  },
  completed: {
    provisional: to('completed'),
    success: to('completed'),
    failure: to('completed', 'ack'),
    timer_retransmit: to('completed'),
    timer_end: to('terminated'),
    transport_error: to('completed'),
  },
  accepted: {
    provisional: to('accepted'),
    success: to('accepted', 'tell'),
    failure: to('accepted'),
    timer_retransmit: to('accepted'),
    timer_end: to('terminated'),
    transport_error: to('accepted'),
  },
  terminated: OVER,
};
