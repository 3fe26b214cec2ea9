// A collector of traces that reads what it gets, and counts the spans.
let spans = 0;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    if (request.method === "GET") return Response.json(spans);
    const body = await request.text();
    spans += body.split('"startTimeUnixNano"').length - 1;
    return Response.json({});
  },
});
console.log(server.url.origin);
