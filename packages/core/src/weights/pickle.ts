import { CheckpointError } from "../train/errors.js";
import { corrupt } from "./file-bytes.js";
import { callKnown, isKnownName, storageOf } from "./pickle-calls.js";
import { PickleName, type PickleValue, type TensorStorage } from "./pickle-values.js";

/** A value, every storage that its tensors view, and the position behind its pickle. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly storages: ReadonlyMap<string, TensorStorage>;
  readonly end: number;
}

/**
 * Reads one pickle of tensors and plain containers (protocols 2 to 5) from `start` on. It runs nothing: the few
 * functions that PyTorch's state dicts name are carried out here, and any other name is refused with
 * CHECKPOINT_UNSAFE. Damage is CHECKPOINT_CORRUPT. Time and memory are linear in the bytes.
 */
export function unpickle(bytes: Uint8Array, path: string, start = 0): Unpickled {
  const machine = new PickleMachine(bytes, path, start);
  return machine.run();
}

const LARGEST_INTEGER = 64;
const latin = new TextDecoder("latin1");
const utf8 = new TextDecoder("utf-8");

class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  readonly #memo = new Map<number, PickleValue>();
  readonly #storages = new Map<string, TensorStorage>();
  readonly #marks: PickleValue[][] = [];
  #stack: PickleValue[] = [];
  #at: number;

  constructor(bytes: Uint8Array, path: string, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#path = path;
    this.#at = start;
  }

  run(): Unpickled {
    for (;;) {
      const place = this.#at;
      const code = this.#number("getUint8", 1);
      if (code === STOP) return { value: this.pop(), storages: this.#storages, end: this.#at };
      const operation = OPERATIONS.get(code);
      if (operation === undefined) {
        const shown = `0x${code.toString(16).padStart(2, "0")}`;
        throw this.fail(`byte ${place}: ${shown} is no instruction of a pickle of tensors`);
      }
      operation(this);
    }
  }

  fail(problem: string): CheckpointError {
    return corrupt(this.#path, problem);
  }

  refuse(name: string): CheckpointError {
    const message = `${this.#path}: it asks to run '${name}'; only tensors and plain containers are read. Save the state dict alone`;
    return new CheckpointError("CHECKPOINT_UNSAFE", message, { path: this.#path, name });
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined) throw this.fail("the pickle takes a value that is not there");
    return value;
  }

  top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined) throw this.fail("the pickle takes a value that is not there");
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack);
    this.#stack = [];
  }

  /** Everything since the last mark. */
  popMark(): PickleValue[] {
    const values = this.#stack;
    const outer = this.#marks.pop();
    if (outer === undefined) throw this.fail("the pickle closes what it has not opened");
    this.#stack = outer;
    return values;
  }

  /** The last values, oldest first. */
  popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  remember(key: number = this.#memo.size): void {
    this.#memo.set(key, this.top());
  }

  recall(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw this.fail(`the pickle recalls value ${key}, which it has not kept`);
    this.push(value);
  }

  #number(
    method: "getUint8" | "getUint16" | "getInt32" | "getUint32" | "getFloat64",
    length: number,
  ): number {
    const at = this.#take(length);
    return this.#view[method](at, true);
  }

  byte = (): number => this.#number("getUint8", 1);
  short = (): number => this.#number("getUint16", 2);
  integer = (): number => this.#number("getInt32", 4);
  count = (): number => this.#number("getUint32", 4);
  double = (): number => this.#view.getFloat64(this.#take(8), false);

  long = (): number => Number(this.#view.getBigUint64(this.#take(8), true));

  /** The position of the next bytes, which are then behind. */
  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw this.fail("the pickle is cut short");
    this.#at = at + length;
    return at;
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(length: number): string {
    return utf8.decode(this.bytes(length));
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.fail("the pickle is cut short");
    return latin.decode(this.bytes(end + 1 - this.#at).subarray(0, -1));
  }

  /** A little-endian integer in two's complement. */
  bigInteger(length: number): PickleValue {
    if (length > LARGEST_INTEGER) throw this.fail(`the pickle holds an integer of ${length} bytes`);
    const bytes = this.bytes(length);
    const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  name(module: string, name: string): void {
    const full = `${module}.${name}`;
    if (!isKnownName(full)) throw this.refuse(full);
    this.push(new PickleName(full));
  }

  call(): void {
    const [callee, parameters] = this.popMany(2) as [PickleValue, PickleValue];
    if (!(callee instanceof PickleName) || !Array.isArray(parameters))
      throw this.fail("the pickle calls what is no function");
    const value = callKnown(callee, parameters);
    if (value === undefined)
      throw this.fail(`the pickle gives '${callee.name}' parameters that make no sense`);
    this.push(value);
  }

  /** Attributes of a dictionary, such as the module versions of a state dict, are left aside. */
  setState(): void {
    this.pop();
    if (!(this.top() instanceof Map)) throw this.fail("the pickle sets the state of what is no dictionary");
  }

  setItems(items: readonly PickleValue[]): void {
    const target = this.top();
    if (!(target instanceof Map) || items.length % 2 !== 0)
      throw this.fail("the pickle puts items into what is no dictionary");
    for (let index = 0; index < items.length; index += 2) target.set(items[index]!, items[index + 1]!);
  }

  append(items: readonly PickleValue[]): void {
    const target = this.top();
    if (!Array.isArray(target)) throw this.fail("the pickle appends to what is no list");
    for (const item of items) target.push(item);
  }

  storage(): void {
    const storage = storageOf(this.pop());
    if (storage === undefined) throw this.fail("the pickle refers to numbers of an unknown kind");
    const { key, count, dtype } = storage;
    const known = this.#storages.get(key) ?? storage;
    if (known.count !== count || known.dtype !== dtype)
      throw this.fail(`the pickle refers to storage '${key}' as two different ones`);
    this.#storages.set(key, known);
    this.push(known);
  }

  stackName(): void {
    const [module, name] = this.popMany(2);
    if (typeof module !== "string" || typeof name !== "string")
      throw this.fail("the pickle names what is no name");
    this.name(module, name);
  }
}

type Operation = (machine: PickleMachine) => void;

const STOP = 0x2e;

/** The instructions that pickles of tensors and plain containers consist of, by their byte. */
const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [0x80, (m) => void m.byte()], // protocol
  [0x95, (m) => void m.long()], // frame
  [0x28, (m) => m.mark()],
  [0x30, (m) => void m.pop()],
  [0x31, (m) => void m.popMark()],
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [0x4a, (m) => m.push(m.integer())],
  [0x4b, (m) => m.push(m.byte())],
  [0x4d, (m) => m.push(m.short())],
  [0x8a, (m) => m.push(m.bigInteger(m.byte()))],
  [0x8b, (m) => m.push(m.bigInteger(m.count()))],
  [0x47, (m) => m.push(m.double())],
  [0x58, (m) => m.push(m.text(m.count()))],
  [0x8c, (m) => m.push(m.text(m.byte()))],
  [0x8d, (m) => m.push(m.text(m.long()))],
  [0x54, (m) => m.push(latin.decode(m.bytes(m.count())))],
  [0x55, (m) => m.push(latin.decode(m.bytes(m.byte())))],
  [0x42, (m) => m.push(m.bytes(m.count()))],
  [0x43, (m) => m.push(m.bytes(m.byte()))],
  [0x7d, (m) => m.push(new Map())],
  [0x5d, (m) => m.push([])],
  [0x29, (m) => m.push([])],
  [0x74, (m) => m.push(m.popMark())],
  [0x6c, (m) => m.push(m.popMark())],
  [0x85, (m) => m.push(m.popMany(1))],
  [0x86, (m) => m.push(m.popMany(2))],
  [0x87, (m) => m.push(m.popMany(3))],
  [0x64, (m) => dictionary(m)],
  [0x61, (m) => m.append([m.pop()])],
  [0x65, (m) => m.append(m.popMark())],
  [0x73, (m) => m.setItems(m.popMany(2))],
  [0x75, (m) => m.setItems(m.popMark())],
  [0x71, (m) => m.remember(m.byte())],
  [0x72, (m) => m.remember(m.count())],
  [0x94, (m) => m.remember()],
  [0x68, (m) => m.recall(m.byte())],
  [0x6a, (m) => m.recall(m.count())],
  [0x63, (m) => m.name(m.line(), m.line())],
  [0x93, (m) => m.stackName()],
  [0x52, (m) => m.call()],
  [0x81, (m) => m.call()],
  [0x62, (m) => m.setState()],
  [0x51, (m) => m.storage()],
]);

function dictionary(machine: PickleMachine): void {
  const items = machine.popMark();
  machine.push(new Map());
  machine.setItems(items);
}
