// A user-service that takes its time: it answers when it is told to, or never.

/** Knows every user, and tells nobody yet. */
export interface LateUsers extends AsyncDisposable {
  readonly url: string;
  /** How many requests have come. */
  readonly asked: number;
  /** Answers all of them, and those that come later at once. */
  answer(): void;
}

/** Starts it on a free port. */
export function startLateUsers(): LateUsers {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch({ url }) {
      asked += 1;
      await promise;
      const id = url.slice(url.lastIndexOf("/") + 1);
      return Response.json({ id, name: "Somebody", email: "somebody@example.com" });
    },
  });
  return {
    url: server.url.origin,
    get asked() {
      return asked;
    },
    answer: resolve,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
