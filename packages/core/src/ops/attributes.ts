import { z } from "zod";

export const count = z.int().min(1);
export const size = z.int().min(0);

/** (vertical, horizontal). */
export const pair = z.tuple([count, count]).readonly();

/** (top, bottom, left, right). */
export const sides = z.tuple([size, size, size, size]).readonly();

export const shape = z.array(count).readonly();
export const axes = z.array(size).readonly();
export const epsilon = z.number().min(0);
export const zeroSides = [0, 0, 0, 0] as const;
export const unitPair = [1, 1] as const;
