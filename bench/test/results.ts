// Invented results of a run.
import type { Sample } from "../measure/sample.ts";
import type { Results } from "../report/results.ts";

function samples(rates: readonly number[], processorUs = 80): Sample[] {
  return rates.map((requestsPerSecond) => ({
    requests: requestsPerSecond,
    requestsPerSecond,
    p50Ms: 4,
    p99Ms: 12,
    errors: 0,
    generatorShare: 0.3,
    processorUsPerRequest: processorUs,
    serverUsPerRequest: 0,
    residentMegabytes: { "user-service": 90 },
    othersShare: 0.01,
  }));
}

/** A run with two peers: the platform does 900 requests a second, the floor 1000, Node 100. */
export const results: Results = {
  startedAt: "2026-01-31T12:00:00.000Z",
  seconds: 90,
  mode: "full",
  engine: "sqlite",
  storage: "SQLite, a file for each service",
  commit: "0123456789ab",
  host: {
    processor: "A processor",
    cores: 2,
    memoryGigabytes: 4,
    kernel: "6.1",
    bun: "1.4.5",
    loadAverage: 0.1,
  },
  placement: "services on core 0, load on core 1",
  flushesPerSecond: [1000, 1100],
  peers: [
    { name: "platform", title: "bun-elysia-platform" },
    { name: "floor", title: "Floor & <all>" },
    { name: "node", title: "Node: Fastify" },
  ],
  missing: [{ title: "Go: net/http", install: "apt-get install golang-go" }],
  throughput: [
    {
      workload: "get-user",
      connections: 64,
      samples: {
        platform: samples([800, 900, 5000]),
        floor: samples([1000, 990, 1010]),
        node: samples([100, 90, 110]),
      },
    },
    {
      workload: "get-user",
      connections: 256,
      samples: { platform: samples([700]), floor: samples([1000]), node: samples([800]) },
    },
  ],
  traces: {
    starts: [0, 1, 2, 3, 4, 10].map((more) => ({
      off: samples([900, 900, 900]),
      "off-again": samples([900, 900, 900], 80 + more / 10),
      sampled: samples([890, 890, 890], 80.5 + more / 10),
      all: samples([700, 700, 700], 100 + more),
    })),
    spans: 800,
  },
  tokens: [0, 1, 2, 3, 4, 5].map((more) => ({
    off: samples([900, 900, 900]),
    on: samples([860, 860, 860], 82 + more),
  })),
  starts: {
    platform: { ms: [40, 50, 45], idleMegabytes: [60] },
    node: { ms: [300], idleMegabytes: [70] },
  },
  interference: {},
  replicas: [],
  growth: [],
  soak: { seconds: 180, users: Array<number>(180).fill(100), orders: [], errors: 0 },
};
