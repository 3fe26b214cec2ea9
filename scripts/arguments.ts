// The command line of a script that has options.
import { parseArgs, type ParseArgsConfig } from "node:util";
import { errorMessage } from "../shared/src/core/error-message.ts";

/** Ends the process with status 2: the command line is wrong, and this is why. */
export function refuse(reason: string, usage: string): never {
  process.stderr.write(`${reason}\n\n${usage}`);
  process.exit(2);
}

/** Reads the arguments. Prints the usage and ends the process on --help, or if they are wrong. */
export function readArguments<T extends ParseArgsConfig>(usage: string, config: T) {
  const args = config.args ?? process.argv.slice(2);
  if (args.includes("--help")) {
    process.stdout.write(usage);
    process.exit();
  }
  try {
    return parseArgs({ ...config, args });
  } catch (error) {
    return refuse(errorMessage(error), usage);
  }
}
