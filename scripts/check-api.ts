// `bun run check:api`: what changed for clients since the last release, by the API documents.
import { changeLines, changesSinceCheckout, isBreaking } from "./release/api/published.ts";
import { saysBreaking, unreleasedChanges } from "./release/changelog.ts";

const services = await changesSinceCheckout();
const lines = changeLines(services);
console.log(
  lines.length === 0 ? "docs/openapi is empty: no release to compare with" : lines.join("\n"),
);

const changelog = await Bun.file("CHANGELOG.md").text();
if (isBreaking(services) && !saysBreaking(unreleasedChanges(changelog) ?? "")) {
  console.error(`
Clients of the last release break. Change the API so that they work, or say in CHANGELOG.md under
"Unreleased" what they have to do, in a line with the word **breaking**.`);
  process.exit(1);
}
