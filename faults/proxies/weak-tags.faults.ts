// Tags that a proxy has made weak, because it compresses every response.
import { describe, expect } from "bun:test";
import { createUser, newUser, sending } from "../support/platform/resources.ts";
import { startPlatform } from "../support/platform/services.ts";
import { startHaproxy, startNginx } from "./programs.ts";
import { testWith } from "../../shared/testing/required-program.ts";

describe.each([
  [
    "nginx",
    startNginx,
    (port: number) => `server {
      listen 80;
      gzip on;
      gzip_types application/json;
      location / { proxy_pass http://127.0.0.1:${port}; }
    }`,
  ],
  [
    "haproxy",
    startHaproxy,
    (port: number) => `
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 30s
listen all
    bind :80
    compression algo gzip
    compression type application/json
    server one 127.0.0.1:${port}
`,
  ],
] as const)("compression of every JSON response", (program, start, configuration) => {
  testWith(
    program,
    "PATCH is refused because the tag is weak, and does not say that the user has changed",
    async () => {
      await using platform = await startPlatform();
      const id = await createUser(platform.users);
      await using proxy = await start(configuration(platform.users.port));
      const got = await proxy.fetch(`/users/${id}`, { headers: { "accept-encoding": "gzip" } });
      const tag = got.headers.get("etag") ?? "";
      expect(tag).toStartWith('W/"');
      const request = sending("PATCH", { name: "B" }, { "if-match": tag });
      const refused = await proxy.fetch(`/users/${id}`, request);
      const problem = (await refused.json()) as { detail: string };
      expect([refused.status, problem]).toEqual([
        412,
        expect.objectContaining({ code: "weak-tag" }),
      ]);
      expect(problem.detail).toContain("weak");
      expect(await (await platform.users.fetch(`/users/${id}`)).json()).toMatchObject(newUser(0));
    },
  );
});
