import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import { Registry, collectDefaultMetrics } from 'prom-client';
import type { ApiContext } from '../context.ts';
import { isLoopback, sourceAddress } from '../http/context.ts';
import type { CallRecordsUsage, MetricsSnapshot, PmsUsage, ProcessUsage, SupervisedUsage } from '../types.ts';
import { MetricFamilies } from './families.ts';
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

const NO_PMS: PmsUsage = { connections: 0, sessions: 0 };

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
  readonly #families = new MetricFamilies(this.#registry);
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
    this.#addPms();
    this.#addEventLoop();
    this.#addUsage();
    this.#addSupervised();
    this.#addRecordings();
    this.#addHistories();
    this.#addMeetings();
    this.#addCalls();
    addReportMetrics(this.#families, context.parts.platform);
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

  #addGauges(eventListeners: () => number): void {
    const families = this.#families;
    const { platform, streams, calls, iceServers } = this.#context.parts;
    families.gauge('gbrtc_devices', 'Known devices', () => platform.devices().length);
    families.gauge(
      'gbrtc_devices_online',
      'Devices online',
      () => platform.devices().filter(({ online }) => online).length,
    );
    families.gauge('gbrtc_streams', 'Running streams', () => streams.list().length);
    families.gauge('gbrtc_rtsp_players', 'Open taps of RTSP players', () =>
      streams
        .list()
        .reduce((sum, { readers }) => sum + readers.filter(({ protocol }) => protocol === 'rtsp').length, 0),
    );
    families.gauge('gbrtc_viewers', 'Connected viewers by WebRTC', () =>
      streams.list().reduce((sum, { viewers }) => sum + viewers.length, 0),
    );
    families.gauge('gbrtc_sip_transactions', 'SIP transactions in memory', () => platform.counters.transactions);
    families.gauge('gbrtc_sip_dialogs', 'SIP dialogs', () => platform.counters.dialogs);
    families.gauge('gbrtc_sip_connections', 'SIP connections over TCP', () => platform.counters.connections);
    families.gauge('gbrtc_pending_responses', 'Queries that wait for a device', () => platform.counters.pending);
    families.gauge('gbrtc_call_rooms', 'Running rooms of calls', () => calls.counts.rooms);
    families.gauge('gbrtc_call_users', 'Users in rooms of calls', () => calls.counts.users);
    families.gauge('gbrtc_ice_servers', 'ICE servers that calls are given', () => iceServers.servers().length);
    families.gauge('gbrtc_call_pairs', 'Pairs of users who are connected', () => calls.counts.connectedPairs);
    families.gauge('gbrtc_event_listeners', 'Open event streams', eventListeners);
  }

  #addRtp(): void {
    this.#families.countersOf(RTP_METRICS, () => this.#totals.read().counters);
    this.#families.countersBy({
      name: 'gbrtc_publications_ended_total',
      help: 'Publications that have ended, by reason',
      label: 'reason',
      read: () => this.#totals.publicationsEnded,
    });
    this.#families.countersBy({
      name: 'gbrtc_ps_errors_total',
      help: 'Errors of RTP, PS and elementary streams by reason',
      label: 'reason',
      read: () => Object.fromEntries(this.#totals.read().errors),
    });
  }

  #addSip(): void {
    const { platform } = this.#context.parts;
    this.#families.counters({
      name: 'gbrtc_sip_requests_total',
      help: 'SIP requests by direction, method and final status',
      labels: ['direction', 'method', 'status'],
      read: () => {
        const { requestsIn, requestsOut } = platform.counters;
        return [['in', requestsIn] as const, ['out', requestsOut] as const].flatMap(([direction, counts]) =>
          Object.entries(counts).map(([key, count]) => {
            const [method = '', status = ''] = key.split(' ');
            return [{ direction, method, status }, count] as const;
          }),
        );
      },
    });
    this.#families.countersBy({
      name: 'gbrtc_sip_malformed_total',
      help: 'SIP messages that could not be read, by reason',
      label: 'reason',
      read: () => platform.counters.malformed,
    });
    this.#families.countersBy({
      name: 'gbrtc_sip_connections_refused_total',
      help: 'SIP connections over TCP that were not taken, or closed by a limit, by reason',
      label: 'reason',
      read: () => platform.counters.refusedConnections,
    });
    this.#families.countersBy({
      name: 'gbrtc_http_connections_refused_total',
      help: 'Connections to the HTTP ports that were not taken, by reason',
      label: 'reason',
      read: () => this.#context.refused.counts,
    });
    this.#families.countersBy({
      name: 'gbrtc_websocket_connections_refused_total',
      help: 'Connections for WebSockets of pms and rooms that were not taken, or closed by a limit, by reason',
      label: 'reason',
      read: () => this.#latest.refusedConnections ?? {},
    });
  }

  /** Of pms's clients; 0 where all its ports are off. */
  #addPms(): void {
    const pms = (): PmsUsage => this.#latest.pms ?? NO_PMS;
    this.#families.gauge('gbrtc_pms_sessions', 'Sessions of pms clients', () => pms().sessions);
    this.#families.gauge('gbrtc_pms_connections', 'WebSockets of pms clients', () => pms().connections);
  }

  #addEventLoop(): void {
    this.#families.gauges({
      name: 'gbrtc_event_loop_delay_seconds',
      help: 'Delay of the main thread since the last reading',
      labels: ['quantile'],
      read: () => {
        const rows = [50, 99, 100].map((quantile) => {
          const delayMs = this.#delay.percentile(quantile) / 1e6 - DELAY_RESOLUTION_MS;
          return [{ quantile: String(quantile / 100) }, Math.max(0, delayMs) / 1000] as const;
        });
        this.#delay.reset();
        return rows;
      },
    });
  }

  #addUsage(): void {
    const labels = ['kind', 'id'];
    this.#families.counters({
      name: 'gbrtc_worker_cpu_seconds_total',
      help: 'CPU time of mediasoup workers and media threads',
      labels,
      read: () => this.#rows().map(({ kind, id, cpuSeconds }) => [{ kind, id }, cpuSeconds]),
    });
    this.#families.gauges({
      name: 'gbrtc_worker_resident_bytes',
      help: 'Resident memory of mediasoup workers',
      labels,
      read: () =>
        this.#rows().flatMap(({ kind, id, residentBytes }) =>
          residentBytes === undefined ? [] : [[{ kind, id }, residentBytes] as const],
        ),
    });
    this.#families.gauges({
      name: 'gbrtc_media_thread_ingests',
      help: 'Incoming media sessions by media thread',
      labels: ['id'],
      read: () => this.#latest.mediaThreads.map(({ id, ingests }) => [{ id }, ingests]),
    });
  }

  #addSupervised(): void {
    const usage = (): readonly SupervisedUsage[] => this.#latest.supervised ?? [];
    this.#families.gauges({
      name: 'gbrtc_workers_missing',
      help: 'Workers and threads that have died and are not back yet',
      labels: ['kind'],
      read: () => usage().map(({ kind, missing }) => [{ kind }, missing]),
    });
    this.#families.counters({
      name: 'gbrtc_worker_deaths_total',
      help: 'Workers and threads that have died',
      labels: ['kind'],
      read: () => usage().map(({ kind, deaths }) => [{ kind }, deaths]),
    });
  }

  #addRecordings(): void {
    const { recordings } = this.#context.parts;
    this.#families.gauge('gbrtc_recordings', 'Running recordings', () => recordings.counters.running);
    this.#families.countersOf(RECORDING_METRICS, () => recordings.counters);
  }

  /** What devices have recorded. */
  #addHistories(): void {
    const { streams, downloads } = this.#context.parts;
    const { playbacks } = streams;
    this.#families.gauge('gbrtc_playbacks', 'Running playbacks of devices', () => playbacks.counters.running);
    this.#families.countersBy({
      name: 'gbrtc_playbacks_ended_total',
      help: 'Playbacks of devices that have ended, by reason',
      label: 'reason',
      read: () => playbacks.counters.ended,
    });
    this.#families.gauge('gbrtc_downloads', 'Running downloads from devices', () => downloads.counters.running);
    this.#families.countersBy({
      name: 'gbrtc_downloads_ended_total',
      help: 'Downloads from devices that have ended, by outcome',
      label: 'outcome',
      read: () => downloads.counters.ended,
    });
  }

  #addCalls(): void {
    const usage = (): CallRecordsUsage => this.#latest.calls ?? NO_CALLS;
    for (const [name, help, read] of [
      ['gbrtc_call_database_up', 'The database of calls is connected', () => (usage().connected ? 1 : 0)],
      ['gbrtc_call_records_pending', 'Rows that wait for the database of calls', () => usage().pending],
      ['gbrtc_call_spool_bytes', 'Bytes of these rows on disk', () => usage().spooledBytes],
    ] as const) {
      this.#families.gauge(name, help, read);
    }
    this.#families.countersOf(CALL_METRICS, usage);
  }

  #addMeetings(): void {
    const { rooms } = this.#context.parts;
    this.#families.gauge('gbrtc_meeting_rooms', 'Rooms of meetings', () => rooms.counters.rooms);
    this.#families.gauge('gbrtc_meeting_members', 'Members of all rooms of meetings', () => rooms.counters.members);
    this.#families.countersOf(MEETING_METRICS, () => rooms.counters);
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
