// Connections between a proxy and a service that end while a request is on its way.
import { describe, expect } from "bun:test";
import { newUser, sending } from "../support/platform/resources.ts";
import { publish, publishers } from "./published.ts";
import { testWith } from "../../shared/testing/required-program.ts";

interface ClosingService extends Disposable {
  readonly port: number;
  /** How many POST requests it has received. */
  readonly posts: number;
}

const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]";

/** A service that processes every POST, and closes the connection instead of sending a response. */
function closesOnPost(): ClosingService {
  let posts = 0;
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        const text = chunk.toString();
        if (text.startsWith("GET ")) socket.write(ok);
        if (!text.startsWith("POST ")) return;
        posts += 1;
        socket.end();
      },
    },
  });
  return {
    port: listener.port,
    get posts() {
      return posts;
    },
    [Symbol.dispose]: () => listener.stop(true),
  };
}

describe.each(publishers)("the page's configuration", (program) => {
  testWith(program, "POST is not sent again when its connection closes", async () => {
    using service = closesOnPost();
    await using published = await publish(program, { usersPort: () => service.port });
    const { proxy } = published;
    // The proxy keeps the connection of this request, and sends the next one on it.
    expect((await proxy.fetch("/users")).status).toBe(200);
    // HAProxy closes the client's connection instead, so that the client decides whether to send it again.
    const status = await proxy.fetch("/users", sending("POST", newUser(1))).then(
      (response) => response.status,
      () => 502,
    );
    expect([status, service.posts]).toEqual([502, 1]);
  });
});
