import type { z } from "zod";
import { valueAt, type Path } from "./path.js";

// Zod's own description of a schema, as far as a walk through a config needs it.
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly options?: readonly z.ZodType[];
  readonly discriminator?: string;
  readonly values?: readonly unknown[];
  readonly getter?: () => z.ZodType;
}

const definitionOf = (schema: z.ZodType): Definition => schema.def as unknown as Definition;

/** The keys that the mapping at a path may have, in the schema's order; of a union, those the data chose. */
export function knownKeys(schema: z.ZodType, data: unknown, path: Path): string[] {
  const found = descend([schema], data, path, 0);
  return [...new Set(found.flatMap((candidate) => Object.keys(definitionOf(candidate).shape ?? {})))];
}

function descend(schemas: readonly z.ZodType[], data: unknown, path: Path, depth: number): z.ZodType[] {
  const here = valueAt(data, path.slice(0, depth));
  const plain = schemas.flatMap((schema) => unwrap(schema, here));
  const key = path[depth];
  if (key === undefined) return plain;
  return descend(
    plain.flatMap((schema) => childSchema(schema, key)),
    data,
    path,
    depth + 1,
  );
}

function childSchema(schema: z.ZodType, key: string | number): z.ZodType[] {
  const { shape, element, valueType, items } = definitionOf(schema);
  const child = shape?.[key] ?? items?.[Number(key)] ?? element ?? valueType;
  return child === undefined ? [] : [child];
}

// Through defaults, optionals, pipes and lazies, and into the option of a union that the data chose.
function unwrap(schema: z.ZodType, data: unknown): z.ZodType[] {
  const definition = definitionOf(schema);
  const inner = definition.innerType ?? definition.in ?? definition.getter?.();
  if (inner !== undefined) return unwrap(inner, data);
  if (definition.options === undefined) return [schema];
  const options = definition.options.flatMap((option) => unwrap(option, data));
  const { discriminator } = definition;
  if (discriminator === undefined) return options;
  const chosen = valueAt(data, [discriminator]);
  return options.filter((option) => {
    const tag = definitionOf(option).shape?.[discriminator];
    return tag !== undefined && (definitionOf(tag).values ?? []).includes(chosen);
  });
}
