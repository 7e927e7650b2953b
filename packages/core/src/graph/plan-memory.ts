import type { GraphNode, Value } from "./graph.js";
import { elementCount, reservedBytes } from "./types.js";
import { findUses, isArenaValue } from "./uses.js";

const alignment = 64;

/** Where every arena value lies; values may share an offset when their lifetimes do not meet or an op is in place. */
export interface MemoryPlan {
  readonly offsets: ReadonlyMap<Value, number>;
  readonly arenaBytes: number;
}

/** A stretch of memory that holds one value, or several in turn that take it over in place. */
interface Buffer {
  readonly values: Value[];
  readonly bytes: number;
  readonly first: number;
  last: number;
  offset: number;
}

/**
 * Assigns arena offsets to all values that nodes of `order` make. Buffers are placed from the largest to the
 * smallest, each into the smallest gap, among those alive at the same time, that holds it.
 */
export const planMemory = (order: readonly GraphNode[], taps: readonly Value[]): MemoryPlan => {
  const buffers = findBuffers(order, taps);
  const placed: Buffer[] = [];
  const bySize = [...buffers].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  for (const buffer of bySize) {
    buffer.offset = bestGap(buffer, placed);
    insertByOffset(placed, buffer);
  }
  const arenaBytes = placed.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), 0);
  const offsets = new Map(
    placed.flatMap(({ values, offset }) => values.map((value) => [value, offset] as const)),
  );
  return { offsets, arenaBytes };
};

/** One line per value, by offset: bytes, offset, name. */
export const formatMemory = ({ offsets, arenaBytes }: MemoryPlan): string => {
  const lines = [...offsets].sort(([, a], [, b]) => a - b);
  const rows = lines.map(([value, offset]) => `${offset}\t${reservedBytes(value)}\t${value.name}`);
  return ["offset\tbytes\tvalue", ...rows, `arena\t${arenaBytes}`].join("\n");
};

const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** For every value, the position of its last reader; taps outlive all nodes. */
const lastUses = (order: readonly GraphNode[], taps: readonly Value[]): ReadonlyMap<Value, number> => {
  const position = new Map(order.map((node, index) => [node, index]));
  const last = new Map<Value, number>();
  for (const [value, readers] of findUses(order).readers)
    last.set(value, Math.max(...readers.map((reader) => position.get(reader) ?? 0)));
  for (const tap of taps) last.set(tap, order.length);
  return last;
};

const findBuffers = (order: readonly GraphNode[], taps: readonly Value[]): readonly Buffer[] => {
  const last = lastUses(order, taps);
  const bufferOf = new Map<Value, Buffer>();
  order.forEach((node, index) =>
    node.outputs.filter(isArenaValue).forEach((value) => {
      const end = last.get(value) ?? index;
      const taken = value === node.outputs[0] ? reusableInput(node, index, last, bufferOf) : undefined;
      const buffer = taken ?? {
        values: [],
        bytes: align(reservedBytes(value)),
        first: index,
        last: end,
        offset: 0,
      };
      buffer.values.push(value);
      buffer.last = end;
      bufferOf.set(value, buffer);
    }),
  );
  return [...new Set(bufferOf.values())];
};

/** The buffer of an input that the op may overwrite with its first output, and that nobody reads later. */
const reusableInput = (
  { op, inputs, outputs }: GraphNode,
  index: number,
  last: ReadonlyMap<Value, number>,
  bufferOf: ReadonlyMap<Value, Buffer>,
): Buffer | undefined => {
  const output = outputs[0] as Value;
  for (const position of op.inPlace ?? []) {
    const input = inputs[position] as Value;
    const buffer = bufferOf.get(input);
    const sameElements =
      input.dtype === output.dtype && elementCount(input.shape) === elementCount(output.shape);
    const fits = buffer !== undefined && reservedBytes(output) <= buffer.bytes;
    if (fits && sameElements && last.get(input) === index) return buffer;
  }
  return undefined;
};

const bestGap = (buffer: Buffer, placed: readonly Buffer[]): number => {
  let [best, bestSize, end] = [-1, Infinity, 0];
  for (const other of placed) {
    if (other.first > buffer.last || buffer.first > other.last) continue;
    const gap = other.offset - end;
    if (gap >= buffer.bytes && gap < bestSize) [best, bestSize] = [end, gap];
    end = Math.max(end, other.offset + other.bytes);
  }
  return best >= 0 ? best : end;
};

const insertByOffset = (placed: Buffer[], buffer: Buffer): void => {
  const position = placed.findIndex(({ offset }) => offset > buffer.offset);
  placed.splice(position < 0 ? placed.length : position, 0, buffer);
};
