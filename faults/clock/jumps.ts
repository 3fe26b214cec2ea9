/** A day, in ms. */
export const dayMs = 86_400_000;

/**
 * Offsets from the real time, in ms. Set one after the other, they make the clock jump back and ahead
 * by one and two days.
 */
export const clockOffsetsMs = [-dayMs, dayMs, 0, dayMs, -dayMs, 0];
