// What both engines' databases begin with. The id of a row is computed from its number, so that the load
// scripts know the ids without reading them.

/** When the first row was made, in ms since 1970. 2024-06-10: rows that a run creates are newer. */
export const seedEpoch = 0x019000000000;

/** What the id of every row begins with; its number follows, in 12 hexadecimal digits. */
export const seedIdPrefix = "01900000-0000-7000-8000-";
