// What both engines' databases begin with. The id of a row is computed from its number, so that the load
// scripts know the ids without reading them: `01900000-0000-7000-8000-` and the number in hexadecimal.

/** When the first row was made, in ms since 1970. 2024-06-10: rows that a run creates are newer. */
export const seedEpoch = 0x019000000000;
