// What each program needs besides the configuration of the page: files of its own, and no service manager.
import { startProxy, type Proxy } from "./proxy.ts";

/** Starts nginx. `http` is what its configuration has in `http { … }`, and listens on port 80. */
export function startNginx(http: string): Promise<Proxy> {
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const main = `
    ${process.getuid?.() === 0 ? "user root;" : ""}
    daemon off;
    pid nginx.pid;
    error_log stderr warn;
    events {}`;
  const paths = folders.map((name) => `${name}_temp_path ${name};`).join("\n");
  return startProxy("nginx", {
    file: "nginx.conf",
    configuration: (port) => `${main}
      http { access_log access.log; ${paths}
        ${http.replaceAll("listen 80;", `listen 127.0.0.1:${port};`)}
      }`,
    args: (folder) => ["-p", folder, "-c", "nginx.conf", "-e", "stderr"],
  });
}

/** Starts HAProxy. The configuration binds `:80`. */
export function startHaproxy(configuration: string): Promise<Proxy> {
  return startProxy("haproxy", {
    file: "haproxy.cfg",
    configuration: (port) => configuration.replaceAll("bind :80", `bind 127.0.0.1:${port}`),
    args: () => ["-db", "-f", "haproxy.cfg"],
  });
}

/** Starts Caddy. The configuration has the site `shop.example`, which is served without TLS here. */
export function startCaddy(configuration: string): Promise<Proxy> {
  return startProxy("caddy", {
    file: "Caddyfile",
    configuration: (port) =>
      `{\n\tadmin off\n}\n${configuration.replaceAll("shop.example {", `http://:${port} {\n\tbind 127.0.0.1`)}`,
    args: () => ["run", "--config", "Caddyfile", "--adapter", "caddyfile"],
  });
}

/** Starts Varnish. */
export function startVarnish(vcl: string): Promise<Proxy> {
  return startProxy("varnishd", {
    file: "default.vcl",
    configuration: () => vcl,
    args: (folder, port) => {
      const listening = ["-F", "-j", "none", "-a", `127.0.0.1:${port}`];
      return listening.concat(
        "-f",
        `${folder}/default.vcl`,
        "-n",
        `${folder}/varnish`,
        "-s",
        "malloc,16m",
      );
    },
  });
}
