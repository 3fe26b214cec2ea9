/** A day, in ms. */
export const dayMs = 86_400_000;

/** Clock offsets, one after the other, in ms: jumps back and ahead by one and two days. */
export const offsets = [-dayMs, dayMs, 0, dayMs, -dayMs, 0];
