import { z } from 'zod';

export const iceServerSchema = z
  .object({
    ip: z.string(),
    turnPort: z.int(),
    stunPort: z.int(),
    country: z.string().meta({ description: 'As the geo-database has it; empty = unknown.' }),
    maxBandwidth: z.number().meta({ description: 'kbit/s, as rxRate, txRate and reserved.' }),
    rxRate: z.number(),
    txRate: z.number(),
    reserved: z.number().meta({ description: 'Handed out and not yet seen in a report.' }),
    configured: z.boolean().meta({ description: 'Of the configuration: it never times out.' }),
    heardAt: z.number().optional().meta({ description: 'Unix ms of its last report or registration.' }),
    handedOut: z.int().meta({ description: 'Pairs that got this server.' }),
  })
  .meta({ id: 'IceServer' });
