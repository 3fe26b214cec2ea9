// `bun run dev:token`: prints a token that the services of `bun run dev --auth` accept.
import { errorMessage } from "../shared/src/core/error-message.ts";
import { isUuid } from "../shared/src/schema/uuid.ts";
import { readArguments, refuse } from "./arguments.ts";
import { defaultMinutes, existingIssuer } from "./dev-issuer.ts";
import { serviceNames } from "./services.ts";

const maxMinutes = 365 * 24 * 60;

const usage = `Usage: bun run dev:token --scope SCOPE... [--user ID] [--audience SERVICE...] [--minutes N]

  --scope SCOPE       what the token permits, such as orders:read; several are separated by blanks
                      or have a --scope each; docs/authentication.md lists them
  --user ID           makes it the token of a person, who is this user; without it, of a program
  --audience SERVICE  the service that accepts it: ${serviceNames.join(", ")}; default: all
  --minutes N         how long it is valid, 1 to ${maxMinutes}; default: ${defaultMinutes}

The token alone is on stdout: token=$(bun run --silent dev:token --scope users:read)
The services accept it under bun run dev --auth, and nowhere else.
`;

const { values } = readArguments(usage, {
  options: {
    scope: { type: "string", multiple: true, default: [] },
    user: { type: "string" },
    audience: { type: "string", multiple: true, default: serviceNames },
    minutes: { type: "string", default: `${defaultMinutes}` },
  },
});

const scopes = values.scope.join(" ").trim();
if (scopes === "") refuse("Name a --scope: a token without one permits nothing", usage);

const { user } = values;
if (user !== undefined && !isUuid(user)) {
  const example = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
  refuse(`Cannot use --user "${String(user)}": it must be a user's id, such as ${example}`, usage);
}

const wrongService = values.audience.find((name) => !serviceNames.includes(name));
if (wrongService !== undefined) {
  refuse(
    `Cannot use --audience "${wrongService}": it must be one of ${serviceNames.join(", ")}`,
    usage,
  );
}

const minutes = Number(values.minutes);
if (!Number.isInteger(minutes) || minutes < 1 || minutes > maxMinutes) {
  const allowed = `it must be a whole number from 1 to ${maxMinutes}`;
  refuse(`Cannot use --minutes "${values.minutes}": ${allowed}`, usage);
}

try {
  const sign = await existingIssuer();
  const { audience } = values;
  console.log(await sign({ client: "dev-token", scopes, userId: user, audience, minutes }));
} catch (error) {
  console.error(errorMessage(error));
  process.exit(1);
}
