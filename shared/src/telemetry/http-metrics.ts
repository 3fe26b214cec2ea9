// The metrics of requests.
import { unavailableReasons, type StorageUnavailable } from "../core/storage.ts";
import { latencyBuckets } from "./latency-buckets.ts";
import {
  counter,
  gauge,
  histogram,
  type CounterSeries,
  type HistogramSeries,
  type Registry,
} from "./prometheus.ts";

/** Observes requests. */
export type HttpMetrics = ReturnType<typeof httpMetrics>;

/** Why load shedding refused a request: too many were in flight, or bodies took too much memory. */
export type ShedReason = (typeof shedReasons)[number];
const shedReasons = ["in-flight-limit", "body-memory"] as const;

/**
 * The `reason` in the log of a request that the storage refused. The metric has `reason` alone, since its
 * name says storage.
 */
export function storageLogReason(reason: StorageUnavailable["reason"]): string {
  return `storage-${reason}`;
}

/**
 * The methods that metrics and spans name: those of RFC 9110 and RFC 5789. Clients may send any word as a
 * method; labels have OTHER for another one.
 */
export const knownMethods: ReadonlySet<string> = new Set(
  "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split(" "),
);

/** The endpoint of requests that no route matched, in metrics and in the log. */
export const unmatchedRoute = "unmatched";

/** The series of responses to one method of one route with one status. */
interface ResponseSeries {
  readonly responses: CounterSeries;
  readonly duration: HistogramSeries;
}

/** Makes the metrics of requests. */
export function httpMetrics(registry: Registry) {
  const requests = counter(registry, {
    name: "http_requests_total",
    help: "Requests served, by method, route template and status",
  });
  const durations = histogram(
    registry,
    {
      name: "http_request_duration_seconds",
      help: "Time from a request's arrival to its response, unless it was shed or its body did not arrive",
    },
    latencyBuckets,
  );
  const shortage = counter(registry, {
    name: "file_descriptors_short_seconds_total",
    help: "Seconds in which few file descriptors were free, so that responses ended connections",
  })();
  const aborted = counter(registry, {
    name: "http_requests_aborted_total",
    help: "Requests of 10 ms or more whose client had left before the response",
  })();
  const shedTotal = counter(registry, {
    name: "http_requests_shed_total",
    help: "Requests refused to protect the service, by reason",
  });
  const refusedTotal = counter(registry, {
    name: "storage_refused_total",
    help: "Requests refused because the storage could not work, by reason",
  });
  const shed = new Map<string, CounterSeries>(
    shedReasons.map((reason) => [reason, shedTotal({ reason })]),
  );
  const refusedByStorage = new Map(
    unavailableReasons.map((reason) => [storageLogReason(reason), refusedTotal({ reason })]),
  );
  // By endpoint, method and status. Three look-ups take less time than one key put together of them.
  const responseSeries = new Map<string, Map<string, Map<number, ResponseSeries>>>();

  function seriesOf(method: string, endpoint: string, status: number): ResponseSeries {
    const known = responseSeries.get(endpoint)?.get(method)?.get(status);
    if (known !== undefined) return known;
    const byMethod = responseSeries.getOrInsertComputed(endpoint, () => new Map());
    const byStatus = byMethod.getOrInsertComputed(method, () => new Map());
    const made = {
      responses: requests({ method, endpoint, status: String(status) }),
      duration: durations({ method, endpoint }),
    };
    byStatus.set(status, made);
    return made;
  }

  return {
    /** Adds seconds in which file descriptors were short. */
    shortOfDescriptors(seconds: number): void {
      shortage.add(seconds);
    },
    /** Makes the series of responses with these statuses, before there is one. */
    startAtZero(method: string, endpoint: string, statuses: readonly number[]): void {
      for (const status of statuses) seriesOf(method, endpoint, status);
    },
    /** Registers the gauges of requests in flight; `count` is called when metrics are scraped. */
    watchInFlight(count: () => number, limit: number): void {
      gauge(
        registry,
        {
          name: "http_requests_in_flight",
          help: "Requests in flight, without those to management routes",
        },
        count,
      );
      gauge(
        registry,
        {
          name: "http_requests_in_flight_limit",
          help: "Requests that may be in flight; further ones are shed",
        },
        () => limit,
      );
    },
    /** Counts a request whose client had left before the response; it is counted as a response too. */
    aborted: () => aborted.add(),
    /**
     * Counts a response.
     *
     * @param endpoint a route template; undefined if no route matched
     * @param logReason why the request was refused, if it was. Shed requests are not timed: load shedding
     * delays their responses on purpose. Neither is a 408, whose time is the client's
     */
    responded(
      sentMethod: string,
      endpoint: string | undefined,
      status: number,
      seconds: number,
      logReason?: string,
    ): void {
      const method = knownMethods.has(sentMethod) ? sentMethod : "OTHER";
      const known = seriesOf(method, endpoint ?? unmatchedRoute, status);
      known.responses.add();
      const shedSeries = logReason === undefined ? undefined : shed.get(logReason);
      if (shedSeries !== undefined) return shedSeries.add();
      if (status !== 408) known.duration.observe(seconds);
      if (logReason !== undefined) refusedByStorage.get(logReason)?.add();
    },
  };
}
