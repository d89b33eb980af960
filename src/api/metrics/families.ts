import { Counter, Gauge, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/** A metric with labels; each reading gives all its values. */
interface LabelledFamily {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: () => Iterable<readonly [labels: Labels, value: number]>;
}

/** A counter with one label. */
interface CountersByLabel {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  /** By the values of the label. */
  readonly read: () => Readonly<Record<string, number>>;
}

/** Metrics that are read where they are counted, whenever somebody asks for them. */
export class MetricFamilies {
  readonly #registers: Registry[];

  constructor(registry: Registry) {
    this.#registers = [registry];
  }

  gauge(name: string, help: string, read: () => number): void {
    this.gauges({ name, help, labels: [], read: () => [[{}, read()]] });
  }

  gauges({ name, help, labels, read }: LabelledFamily): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: labels,
      registers: this.#registers,
      collect: () => {
        gauge.reset();
        for (const [of, value] of read()) gauge.set(of, value);
      },
    });
  }

  counter(name: string, help: string, read: () => number): void {
    this.counters({ name, help, labels: [], read: () => [[{}, read()]] });
  }

  /** One for each row. */
  countersOf<T extends string>(
    rows: ReadonlyArray<readonly [counter: T, name: string, help: string]>,
    read: () => Readonly<Record<T, number>>,
  ): void {
    for (const [counter, name, help] of rows) this.counter(name, help, () => read()[counter]);
  }

  countersBy({ name, help, label, read }: CountersByLabel): void {
    const rows = () => Object.entries(read()).map(([value, count]) => [{ [label]: value }, count] as const);
    this.counters({ name, help, labels: [label], read: rows });
  }

  counters({ name, help, labels, read }: LabelledFamily): void {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: labels,
      registers: this.#registers,
      collect: () => {
        counter.reset();
        for (const [of, value] of read()) counter.inc(of, value);
      },
    });
  }
}
