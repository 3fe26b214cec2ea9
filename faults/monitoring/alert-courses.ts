// When each alert was first due, fired and was over, in each namespace, as Prometheus says it every second.
import type { ActiveAlert, Prometheus } from "./prometheus.ts";

/** The times of an alert, as `Date.now()` has them. */
export interface Course {
  readonly alert: string;
  readonly severity: string;
  readonly dueAt: number;
  firedAt?: number;
  /** Undefined while the alert fires. */
  resolvedAt?: number | undefined;
}

/** The alerts of a Prometheus, watched until the end of the scope. */
export interface AlertCourses extends AsyncDisposable {
  /** The alerts of a namespace that have fired, the first one first. */
  firedIn(namespace: string): readonly Course[];
}

const pollMs = 1000;

const keyOf = ({ labels }: ActiveAlert) => `${labels["namespace"]}/${labels["alertname"]}`;

/**
 * Starts to watch. An alert of several services or reasons counts as one.
 *
 * @param onChange called when an alert fires, and when it is over
 */
export function watchAlerts(
  prometheus: Pick<Prometheus, "alerts">,
  onChange: (course: Course, namespace: string) => void,
): AlertCourses {
  const courses = new Map<string, Course>();
  let isOver = false;

  function note(alerts: readonly ActiveAlert[], now: number): void {
    for (const alert of alerts) {
      const { alertname = "", severity = "" } = alert.labels;
      const key = keyOf(alert);
      const course = courses.get(key) ?? { alert: alertname, severity, dueAt: now };
      courses.set(key, course);
    }
    const due = new Set(alerts.map(keyOf));
    const firing = new Set(alerts.filter(({ state }) => state === "firing").map(keyOf));
    for (const [key, course] of courses) {
      const isFiring = course.firedAt !== undefined && course.resolvedAt === undefined;
      if (firing.has(key)) {
        course.firedAt ??= now;
        course.resolvedAt = undefined;
      } else if (isFiring) course.resolvedAt = now;
      else if (course.firedAt === undefined && !due.has(key)) courses.delete(key);
      if (firing.has(key) !== isFiring) onChange(course, key.split("/")[0] ?? "");
    }
  }

  const watching = (async () => {
    while (!isOver) {
      note(await prometheus.alerts(), Date.now());
      await Bun.sleep(pollMs);
    }
  })();
  return {
    firedIn: (namespace) =>
      [...courses]
        .filter(([key, { firedAt }]) => key.startsWith(`${namespace}/`) && firedAt !== undefined)
        .map(([, course]) => course)
        .sort((a, b) => (a.firedAt ?? 0) - (b.firedAt ?? 0)),
    async [Symbol.asyncDispose]() {
      isOver = true;
      await watching;
    },
  };
}
