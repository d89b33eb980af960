import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { ApiContext } from '../context.ts';
import { isLoopback, sourceAddress } from '../http/context.ts';
import type { CallRecordsUsage, MetricsSnapshot, ProcessUsage } from '../types.ts';
import { addReportMetrics } from './reports.ts';
import { StreamTotals, type RtpCounter } from './totals.ts';

const RTP_METRICS: ReadonlyArray<readonly [RtpCounter, string, string]> = [
  ['packets', 'gbrtc_rtp_packets_total', 'RTP packets received'],
  ['bytes', 'gbrtc_rtp_bytes_total', 'RTP bytes received'],
  ['lost', 'gbrtc_rtp_lost_total', 'RTP packets that never came'],
  ['reordered', 'gbrtc_rtp_reordered_total', 'RTP packets that came out of order'],
  ['duplicates', 'gbrtc_rtp_duplicates_total', 'RTP packets that came twice'],
  ['wrongSsrc', 'gbrtc_rtp_wrong_ssrc_total', 'RTP packets of an SSRC that is not ours'],
  ['wrongSource', 'gbrtc_rtp_wrong_source_total', 'RTP packets from an address that is not the sender’s'],
  ['resyncs', 'gbrtc_rtp_resyncs_total', 'TCP connections that had to find the packet borders again'],
  ['frames', 'gbrtc_video_frames_total', 'Video frames received'],
];

const RECORDING_METRICS = [
  ['bytes', 'gbrtc_recording_bytes_total', 'Bytes written by recordings'],
  ['packets', 'gbrtc_recording_packets_total', 'RTP packets that recordings got'],
  ['packetsLost', 'gbrtc_recording_lost_total', 'RTP packets that recordings missed'],
  ['failed', 'gbrtc_recordings_failed_total', 'Recordings that a full disk, a write error or a dead thread has ended'],
] as const;

const CALL_METRICS = [
  ['written', 'gbrtc_call_records_written_total', 'Rows that the database of calls has taken'],
  ['dropped', 'gbrtc_call_records_dropped_total', 'Rows about calls that were lost: no room, unreadable or refused'],
] as const;

const NO_CALLS: CallRecordsUsage = { connected: false, written: 0, pending: 0, spooledBytes: 0, dropped: 0 };

const MEETING_METRICS = [
  ['requests', 'gbrtc_meeting_requests_total', 'Requests of members of rooms'],
  ['failures', 'gbrtc_meeting_failures_total', 'Requests of members of rooms that failed'],
  ['events', 'gbrtc_meeting_events_total', 'Events that were sent to members of rooms'],
] as const;

/** What the monitor measures includes its own timer's interval. */
const DELAY_RESOLUTION_MS = 10;

const NO_USAGE: MetricsSnapshot = { workers: [], mediaThreads: [] };

/** Everything of /metrics (Prometheus text format 0.0.4). */
export class Metrics {
  readonly #registry = new Registry();
  readonly #context: ApiContext;
  readonly #totals: StreamTotals;
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  #latest: MetricsSnapshot = NO_USAGE;
  #closed = false;

  constructor(context: ApiContext, eventListeners: () => number) {
    this.#context = context;
    this.#totals = new StreamTotals(context.parts.streams);
    this.#delay.enable();
    collectDefaultMetrics({ register: this.#registry });
    this.#addGauges(eventListeners);
    this.#addRtp();
    this.#addSip();
    this.#addEventLoop();
    this.#addUsage();
    this.#addSupervised();
    this.#addRecordings();
    this.#addMeetings();
    this.#addCalls();
    addReportMetrics(this.#registry, context.parts.platform);
  }

  /** With a token of the administrator, or from this machine itself without a proxy between. */
  readonly handler: RequestHandler = async (req, res) => {
    const proxied = req.headers['x-forwarded-for'] !== undefined || req.headers.forwarded !== undefined;
    if (proxied || !isLoopback(sourceAddress(req))) await this.#context.gate.requireAdmin(req);
    // Read before, because the registry collects and writes all metrics at the same time.
    this.#latest = await this.#usage();
    const text = await this.#registry.metrics();
    res.setHeader('Content-Type', this.#registry.contentType);
    res.setHeader('Cache-Control', 'no-store');
    res.end(text);
  };

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#delay.disable();
    this.#totals.close();
    this.#registry.clear();
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: () => gauge.set(read()),
    });
  }

  #addGauges(eventListeners: () => number): void {
    const { platform, streams } = this.#context.parts;
    this.#gauge('gbrtc_devices', 'Known devices', () => platform.devices().length);
    this.#gauge(
      'gbrtc_devices_online',
      'Devices online',
      () => platform.devices().filter(({ online }) => online).length,
    );
    this.#gauge('gbrtc_streams', 'Running streams', () => streams.list().length);
    this.#gauge('gbrtc_rtsp_players', 'Open taps of RTSP players', () =>
      streams
        .list()
        .reduce((sum, { readers }) => sum + readers.filter(({ protocol }) => protocol === 'rtsp').length, 0),
    );
    this.#gauge('gbrtc_viewers', 'Connected viewers by WebRTC', () =>
      streams.list().reduce((sum, { viewers }) => sum + viewers.length, 0),
    );
    this.#gauge('gbrtc_sip_transactions', 'SIP transactions in memory', () => platform.counters.transactions);
    this.#gauge('gbrtc_sip_dialogs', 'SIP dialogs', () => platform.counters.dialogs);
    this.#gauge('gbrtc_sip_connections', 'SIP connections over TCP', () => platform.counters.connections);
    this.#gauge('gbrtc_pending_responses', 'Queries that wait for a device', () => platform.counters.pending);
    const { calls } = this.#context.parts;
    this.#gauge('gbrtc_call_rooms', 'Running rooms of calls', () => calls.counts.rooms);
    this.#gauge('gbrtc_call_users', 'Users in rooms of calls', () => calls.counts.users);
    const { iceServers } = this.#context.parts;
    this.#gauge('gbrtc_ice_servers', 'ICE servers that calls are given', () => iceServers.servers().length);
    this.#gauge('gbrtc_call_pairs', 'Pairs of users who are connected', () => calls.counts.connectedPairs);
    this.#gauge('gbrtc_event_listeners', 'Open event streams', eventListeners);
  }

  #addRtp(): void {
    for (const [counter, name, help] of RTP_METRICS) {
      const metric = new Counter({
        name,
        help,
        registers: [this.#registry],
        collect: () => {
          metric.reset();
          metric.inc(this.#totals.read().counters[counter]);
        },
      });
    }
    this.#byReason(
      'gbrtc_publications_ended_total',
      'Publications that have ended, by reason',
      () => this.#totals.publicationsEnded,
    );
    const errors = new Counter({
      name: 'gbrtc_ps_errors_total',
      help: 'Errors of RTP, PS and elementary streams by reason',
      labelNames: ['reason'],
      registers: [this.#registry],
      collect: () => {
        errors.reset();
        for (const [reason, count] of this.#totals.read().errors) errors.inc({ reason }, count);
      },
    });
  }

  #addSip(): void {
    const requests = new Counter({
      name: 'gbrtc_sip_requests_total',
      help: 'SIP requests by direction, method and final status',
      labelNames: ['direction', 'method', 'status'],
      registers: [this.#registry],
      collect: () => {
        const { requestsIn, requestsOut } = this.#context.parts.platform.counters;
        requests.reset();
        for (const [direction, counts] of [['in', requestsIn] as const, ['out', requestsOut] as const]) {
          for (const [key, count] of Object.entries(counts)) {
            const [method = '', status = ''] = key.split(' ');
            requests.inc({ direction, method, status }, count);
          }
        }
      },
    });
    const { platform } = this.#context.parts;
    this.#byReason('gbrtc_sip_malformed_total', 'SIP messages that could not be read, by reason', () => {
      return platform.counters.malformed;
    });
    this.#byReason(
      'gbrtc_sip_connections_refused_total',
      'SIP connections over TCP that were not taken, or closed by a limit, by reason',
      () => platform.counters.refusedConnections,
    );
  }

  #byReason(name: string, help: string, read: () => Readonly<Record<string, number>>): void {
    const metric = new Counter({
      name,
      help,
      labelNames: ['reason'],
      registers: [this.#registry],
      collect: () => {
        metric.reset();
        for (const [reason, count] of Object.entries(read())) metric.inc({ reason }, count);
      },
    });
  }

  #addEventLoop(): void {
    const gauge = new Gauge({
      name: 'gbrtc_event_loop_delay_seconds',
      help: 'Delay of the main thread since the last reading',
      labelNames: ['quantile'],
      registers: [this.#registry],
      collect: () => {
        for (const quantile of [50, 99, 100]) {
          const delayMs = this.#delay.percentile(quantile) / 1e6 - DELAY_RESOLUTION_MS;
          gauge.set({ quantile: String(quantile / 100) }, Math.max(0, delayMs) / 1000);
        }
        this.#delay.reset();
      },
    });
  }

  #addUsage(): void {
    const registers = [this.#registry];
    const labelNames = ['kind', 'id'];
    const cpu: Counter = new Counter({
      name: 'gbrtc_worker_cpu_seconds_total',
      help: 'CPU time of mediasoup workers and media threads',
      labelNames,
      registers,
      collect: () => {
        cpu.reset();
        for (const { kind, id, cpuSeconds } of this.#rows()) cpu.inc({ kind, id }, cpuSeconds);
      },
    });
    const memory: Gauge = new Gauge({
      name: 'gbrtc_worker_resident_bytes',
      help: 'Resident memory of mediasoup workers',
      labelNames,
      registers,
      collect: () => {
        memory.reset();
        for (const { kind, id, residentBytes } of this.#rows()) {
          if (residentBytes !== undefined) memory.set({ kind, id }, residentBytes);
        }
      },
    });
    const ingests: Gauge = new Gauge({
      name: 'gbrtc_media_thread_ingests',
      help: 'Incoming media sessions by media thread',
      labelNames: ['id'],
      registers,
      collect: () => {
        ingests.reset();
        for (const thread of this.#latest.mediaThreads) ingests.set({ id: thread.id }, thread.ingests);
      },
    });
  }

  #addSupervised(): void {
    const options = { labelNames: ['kind'], registers: [this.#registry] };
    const missing: Gauge = new Gauge({
      name: 'gbrtc_workers_missing',
      help: 'Workers and threads that have died and are not back yet',
      ...options,
      collect: () => {
        for (const usage of this.#latest.supervised ?? []) missing.set({ kind: usage.kind }, usage.missing);
      },
    });
    const deaths: Counter = new Counter({
      name: 'gbrtc_worker_deaths_total',
      help: 'Workers and threads that have died',
      ...options,
      collect: () => {
        deaths.reset();
        for (const usage of this.#latest.supervised ?? []) deaths.inc({ kind: usage.kind }, usage.deaths);
      },
    });
  }

  #addRecordings(): void {
    const { recordings } = this.#context.parts;
    this.#gauge('gbrtc_recordings', 'Running recordings', () => recordings.counters.running);
    for (const [counter, name, help] of RECORDING_METRICS) {
      const metric = new Counter({
        name,
        help,
        registers: [this.#registry],
        collect: () => {
          metric.reset();
          metric.inc(recordings.counters[counter]);
        },
      });
    }
  }

  #addCalls(): void {
    const usage = (): CallRecordsUsage => this.#latest.calls ?? NO_CALLS;
    for (const [name, help, read] of [
      ['gbrtc_call_database_up', 'The database of calls is connected', () => (usage().connected ? 1 : 0)],
      ['gbrtc_call_records_pending', 'Rows that wait for the database of calls', () => usage().pending],
      ['gbrtc_call_spool_bytes', 'Bytes of these rows on disk', () => usage().spooledBytes],
    ] as const) {
      this.#gauge(name, help, read);
    }
    for (const [counter, name, help] of CALL_METRICS) {
      const metric = new Counter({
        name,
        help,
        registers: [this.#registry],
        collect: () => {
          metric.reset();
          metric.inc(usage()[counter]);
        },
      });
    }
  }

  #addMeetings(): void {
    const { rooms } = this.#context.parts;
    this.#gauge('gbrtc_meeting_rooms', 'Rooms of meetings', () => rooms.counters.rooms);
    this.#gauge('gbrtc_meeting_members', 'Members of all rooms of meetings', () => rooms.counters.members);
    for (const [counter, name, help] of MEETING_METRICS) {
      const metric = new Counter({
        name,
        help,
        registers: [this.#registry],
        collect: () => {
          metric.reset();
          metric.inc(rooms.counters[counter]);
        },
      });
    }
  }

  #rows(): Array<ProcessUsage & { readonly kind: string }> {
    const { workers, mediaThreads } = this.#latest;
    return [
      ...workers.map((usage) => ({ ...usage, kind: 'worker' })),
      ...mediaThreads.map((usage) => ({ ...usage, kind: 'media_thread' })),
    ];
  }

  /** A worker that dies in the middle of the reading costs its figures, not the page. */
  async #usage(): Promise<MetricsSnapshot> {
    try {
      return await this.#context.parts.metrics();
    } catch {
      return NO_USAGE;
    }
  }
}
