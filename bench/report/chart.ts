// Draws a chart in SVG: for each workload a bar for each peer.
import { count, times } from "../tools/numbers.ts";
import { workloads, type WorkloadName } from "../workloads/index.ts";
import { platformName, rateOf, type Results } from "./results.ts";

const leftOut: readonly WorkloadName[] = ["post-order-hot", "health"];

const width = 720;
const margin = 16;
const labelWidth = 150;
const maxBar = 380;
const barHeight = 12;
const barStep = 16;
const groupGap = 30;
const headHeight = 60;

const style = `
    text { font: 12px system-ui, sans-serif; fill: #24292f }
    .title { font-size: 15px; font-weight: 600 }
    .group { font-weight: 600 }
    .note { fill: #57606a }
    .paper { fill: #ffffff }
    .peer { fill: #9aa4af }
    .floor { fill: #c9d1d9 }
    .platform { fill: #d6336c }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .note { fill: #9198a1 }
      .paper { fill: #0d1117 }
      .peer { fill: #6e7681 }
      .floor { fill: #484f58 }
      .platform { fill: #f06595 }
    }
  `;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function text(x: number, y: number, content: string, kind = ""): string {
  return `<text x="${x}" y="${y}"${kind && ` class="${kind}"`}>${escape(content)}</text>`;
}

function bar(y: number, length: number, kind: string): string {
  const x = margin + labelWidth;
  return `<rect x="${x}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" class="${kind}"/>`;
}

/** Draws the rates at this number of connections. */
export function drawChart(results: Results, connections: number): string {
  const parts = [
    text(margin, 26, `Requests per second at ${connections} connections`, "title"),
    text(margin, 46, "×: the rate of the platform, divided by the rate of the peer", "note"),
  ];
  let y = headHeight;
  for (const { name, title } of workloads.filter((one) => !leftOut.includes(one.name))) {
    const rates = results.peers.map((peer) => ({
      ...peer,
      rate: rateOf(results, { workload: name, connections }, peer.name),
    }));
    const measured = rates.filter(({ rate }) => !Number.isNaN(rate));
    if (measured.length === 0) continue;
    parts.push(text(margin, y + 14, title, "group"));
    y += 22;
    parts.push(...drawBars(measured, y));
    y += measured.length * barStep + groupGap - barStep;
  }
  const height = y + margin - groupGap + barStep;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `  <title>Requests per second of the platform and its peers</title>`,
    `  <style>${style}</style>`,
    `  <rect width="${width}" height="${height}" class="paper"/>`,
    ...parts.map((part) => `  ${part}`),
    "</svg>\n",
  ].join("\n");
}

function drawBars(
  measured: readonly { name: string; title: string; rate: number }[],
  top: number,
): string[] {
  const highest = Math.max(...measured.map(({ rate }) => rate));
  const own = measured.find(({ name }) => name === platformName)?.rate ?? Number.NaN;
  return measured.flatMap(({ name, title, rate }, n) => {
    const y = top + n * barStep;
    const length = Math.max(1, (rate / highest) * maxBar);
    const kind = name === platformName || name === "floor" ? name : "peer";
    const ratio = name === platformName ? "" : ` · ${times(own / rate)}`;
    return [
      text(margin, y + 10, title),
      bar(y, length, kind),
      text(margin + labelWidth + length + 6, y + 10, `${count(rate)}${ratio}`, "note"),
    ];
  });
}
