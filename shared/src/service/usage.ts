// The usage text of a service: its commands and its environment variables.
import { serviceSettings, type ServiceDefinition } from "./definition.ts";
import type { Setting, Settings } from "./env.ts";

/** A command, as the usage text shows it. */
interface ShownCommand {
  readonly call: string;
  readonly help: string;
}

/** The commands of a service, which follow the error of an unknown one. */
export function commandsUsage(name: string, commands: readonly ShownCommand[]): string {
  return `Usage: ${name} [COMMAND]

Commands:
${table(commands.map(({ call, help }) => [call, help]))}`;
}

/** The text that `--help` prints. */
export function usage<S extends Settings, Stores>(
  service: ServiceDefinition<S, Stores>,
  commands: readonly ShownCommand[],
): string {
  const settings = Object.values<Setting<unknown>>({
    ...serviceSettings(service),
    ...service.settings,
  });
  const variables = settings.flatMap(
    ({ variable, fileVariable, allowed, default: value }): [string, string][] => {
      const text = String(value);
      const isUnset = value === undefined || text === "";
      const initial = isUnset ? "not set by default" : `default ${text}`;
      return [
        [variable, `${allowed}; ${initial}`],
        ...(fileVariable === undefined ? [] : [fileRow(fileVariable, variable)]),
      ];
    },
  );
  return `${commandsUsage(service.name, commands)}

Environment variables:
${table(variables)}`;
}

function fileRow(fileVariable: string, variable: string): [string, string] {
  return [fileVariable, `the path of a file that has the value of ${variable}; not set by default`];
}

/** Lines of two columns, indented. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join("\n");
}
