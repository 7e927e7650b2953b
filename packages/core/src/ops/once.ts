/** Calls `make` at the first use and keeps the result: gradient thunks of one multi-output node share it. */
export const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};
