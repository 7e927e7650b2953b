/** A message being written: field after field in Protocol Buffers' wire format. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];

  /** A whole number (wire type 0). */
  integer(field: number, value: number): this {
    this.#parts.push(varint(field * 8), varint(value));
    return this;
  }

  /** A float (wire type 5). */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#parts.push(varint(field * 8 + 5), bytes);
    return this;
  }

  /** Bytes, a text or a message of its own (wire type 2). */
  bytes(field: number, value: Uint8Array | string | ProtobufWriter): this {
    const content = contentOf(value);
    this.#parts.push(varint(field * 8 + 2), varint(content.length), content);
    return this;
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let position = 0;
    for (const part of this.#parts) {
      whole.set(part, position);
      position += part.length;
    }
    return whole;
  }
}

function contentOf(value: Uint8Array | string | ProtobufWriter): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(value);
  return value instanceof ProtobufWriter ? value.finish() : value;
}

/** Seven bits a byte, lowest first; negative numbers as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
