// The classes of @kubernetes/client-node as what they are in JSON.

/**
 * An object of such a class as an API server gets it. The classes put `_` before a name that is a word of
 * TypeScript, such as `from`, and have a time as a Date.
 */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [Key in keyof T as Key extends `_${infer Name}` ? Name : Key]: Json<T[Key]> }
      : T;
