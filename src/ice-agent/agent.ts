import { errorMessage, turnAccount, type Logger } from '../util/index.ts';
import { GatewayLinkError } from './errors.ts';
import type { GatewayLink, HostFacts, IceAgentOptions, Rates } from './types.ts';

/** How long an account made by the secret is good; it is renewed after half of that. */
const ACCOUNT_LIFETIME_MS = 7_200_000;
const ACCEPTED = ['successful', 'ice_have_registered'];

interface AgentParts {
  readonly link: GatewayLink;
  readonly host: HostFacts;
  readonly log: Logger;
}

/** Keeps one coturn in a gateway's list for as long as it answers, and reports its host's load. */
export class IceAgent {
  readonly #options: IceAgentOptions;
  readonly #parts: AgentParts;
  #registeredAt: number | undefined;
  /** What was told last, so that each change is told once. */
  #trouble = '';

  constructor(options: IceAgentOptions, parts: AgentParts) {
    this.#options = options;
    this.#parts = parts;
  }

  get registered(): boolean {
    return this.#registeredAt !== undefined;
  }

  /** One look at coturn and the interface, and what follows from it. Never rejects. */
  async step(signal: AbortSignal): Promise<void> {
    const { rates, trouble } = await this.#look(signal);
    if (signal.aborted) return;
    try {
      if (trouble === undefined) {
        await this.#report(rates);
        this.#tell('');
      } else {
        this.#tell(trouble);
        await this.#deregister({ reason: 'failed' });
      }
    } catch (error) {
      this.#tell(errorMessage(error));
    }
  }

  /** Takes coturn out of the list. Never rejects. */
  async leave(): Promise<void> {
    await this.#deregister({}).catch((error: unknown) => this.#tell(errorMessage(error)));
  }

  async #look(signal: AbortSignal): Promise<{ rates?: Rates | undefined; trouble?: string }> {
    const { host, log } = this.#parts;
    const { turnAddress, turnPort, stunPort } = this.#options;
    try {
      const rates = host.rates();
      const software = await host.ask(signal);
      if (software === undefined) return { trouble: `no answer from ${turnAddress}, port ${stunPort || turnPort}` };
      if (!this.registered) log.debug({ software }, 'TURN server answers');
      return { rates };
    } catch (error) {
      return { trouble: errorMessage(error) };
    }
  }

  async #report(rates: Rates | undefined): Promise<void> {
    if (!this.registered || this.#accountAgeMs() > ACCOUNT_LIFETIME_MS / 2) await this.#register();
    if (rates === undefined) return;
    const message = { cmd: 'iceReportRxTxRate', ip: this.#options.ip, ...rates };
    const answer = await this.#parts.link.send(message);
    if (answer === 'successful') return;
    this.#registeredAt = undefined;
    if (answer !== 'ice_no_found') throw new GatewayLinkError(`report refused: ${answer}`);
    // The gateway started anew, or did not hear us for long.
    await this.#register();
    await this.#parts.link.send(message);
  }

  #accountAgeMs(): number {
    return 'secret' in this.#options.account ? Date.now() - (this.#registeredAt ?? 0) : 0;
  }

  async #register(): Promise<void> {
    const { ip, turnPort, stunPort, maxBandwidth, account, relayOnly } = this.#options;
    const { username, credential } =
      'secret' in account ? turnAccount(account.secret, 'gbrtc', Date.now() + ACCOUNT_LIFETIME_MS) : account;
    const answer = await this.#parts.link.send({
      cmd: 'iceRegister',
      ip,
      iceType: 'turn',
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
      iceTransportPolicy: relayOnly ? 'relay' : 'all',
      turnPort,
      stunPort,
      maxBandwidth,
      username,
      credential,
    });
    if (!ACCEPTED.includes(answer)) throw new GatewayLinkError(`registration refused: ${answer}`);
    if (!this.registered) this.#parts.log.info({ ip, turnPort, stunPort, maxBandwidth }, 'registered');
    this.#registeredAt = Date.now();
  }

  async #deregister(fields: { readonly reason?: 'failed' }): Promise<void> {
    if (!this.registered) return;
    this.#registeredAt = undefined;
    const { ip } = this.#options;
    await this.#parts.link.send({ cmd: 'iceDeregister', ip, ...fields });
    this.#parts.log.info({ ip }, 'deregistered');
  }

  #tell(trouble: string): void {
    if (trouble === this.#trouble) return;
    if (trouble === '') this.#parts.log.info({ was: this.#trouble }, 'all well again');
    else this.#parts.log.warn({ trouble }, 'trouble');
    this.#trouble = trouble;
  }
}
