// Makes the services' JSON logs readable, with the name of the service before every line.
import { styleText } from "node:util";
import { prettyFactory } from "pino-pretty";
import type { Colour } from "./services.ts";

/** Prints one line: a line of a service's log, or a message about the service. */
export type PrintLine = (line: string) => void;

const pretty = prettyFactory({
  // styleText knows what the terminal, NO_COLOR and FORCE_COLOR allow.
  colorize: styleText("dim", "x", { stream: process.stdout }) !== "x",
  translateTime: "SYS:HH:MM:ss.l",
  singleLine: true,
  messageFormat:
    "{msg}{if upstream} {upstream}{end}{if method} {method}{end}{if path} {path}{end}" +
    "{if status} {status}{end}{if duration_ms} {duration_ms} ms{end}",
  // These are in the message already, the same on every line, or of no use on a screen.
  ignore:
    "upstream,method,path,route,status,duration_ms,service,version,pid,hostname,trace_id,span_id",
});

/** Makes a printer that puts the name, padded to `width`, in front of every line. */
export function linePrinter(name: string, width: number, colour: Colour): PrintLine {
  const prefix = styleText(colour, `${name.padEnd(width)} │`, { stream: process.stdout });
  return (line) => {
    const text = line.startsWith("{") ? pretty(line) : line;
    const shown = text.trimEnd().split("\n");
    process.stdout.write(shown.map((part) => `${prefix} ${part}\n`).join(""));
  };
}

/** Prints every line of a stream as it arrives; resolves at the end of the stream. */
export async function printLines(
  stream: ReadableStream<Uint8Array>,
  print: PrintLine,
): Promise<void> {
  const decoder = new TextDecoder();
  let unfinished = "";
  for await (const chunk of stream) {
    const lines = (unfinished + decoder.decode(chunk, { stream: true })).split("\n");
    unfinished = lines.pop() ?? "";
    lines.forEach(print);
  }
  if (unfinished !== "") print(unfinished);
}
