import { z } from 'zod';

export const port = (value: number) => z.int().min(1).max(65_535).default(value);
export const section = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape).prefault({} as never);
export const text = (value: string) => z.string().default(value);
