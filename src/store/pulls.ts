import type { PullDefinition, PullStore } from '../rtsp/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';

const STEPS = [
  `CREATE TABLE pulls (
     name TEXT PRIMARY KEY,
     url TEXT NOT NULL,
     username TEXT NOT NULL,
     password TEXT NOT NULL,
     transport TEXT NOT NULL,
     on_demand INTEGER NOT NULL
   ) STRICT;`,
];

interface Row {
  readonly name: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly transport: string;
  readonly on_demand: number;
}

function fromRow({ on_demand: onDemand, transport, ...rest }: Row): PullDefinition {
  const known = transport === 'tcp' || transport === 'udp' ? transport : 'auto';
  return { ...rest, transport: known, onDemand: onDemand !== 0 };
}

/** Streams to fetch by RTSP. Passwords are kept as they are, because they must be told; the file is its owner's alone. */
export function createPullStore(db: Database): PullStore {
  migrate(db, 'pulls', STEPS);
  const { sqlite } = db;
  const list = sqlite.prepare('SELECT * FROM pulls ORDER BY name');
  const insert = sqlite.prepare('INSERT INTO pulls VALUES (?, ?, ?, ?, ?, ?)');
  const remove = sqlite.prepare('DELETE FROM pulls WHERE name = ?');
  return {
    list: () => (list.all() as unknown as Row[]).map(fromRow),
    add: ({ name, url, username, password, transport, onDemand }) => {
      insert.run(name, url, username, password, transport, onDemand ? 1 : 0);
    },
    remove: (name) => Number(remove.run(name).changes) > 0,
  };
}
