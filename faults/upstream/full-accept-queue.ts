// A port with a full accept queue, on which a connection attempt gets no reply. Only libc's listen()
// makes a queue so short, so this calls it directly.
import { dlopen, ptr } from "bun:ffi";
import { connect } from "node:net";

const int = "i32";
const libc = dlopen("libc.so.6", {
  socket: { args: [int, int, int], returns: int },
  bind: { args: [int, "ptr", int], returns: int },
  listen: { args: [int, int], returns: int },
  getsockname: { args: [int, "ptr", "ptr"], returns: int },
  close: { args: [int], returns: int },
}).symbols;

const inet = 2;
const stream = 1;

/** Listens on 127.0.0.1 and fills the accept queue. */
export async function listenWithFullQueue(): Promise<{ port: number } & Disposable> {
  // struct sockaddr_in: family, port, address.
  const address = Buffer.alloc(16);
  address.writeUInt16LE(inet);
  address.set([127, 0, 0, 1], 4);
  const size = new Int32Array([address.length]);
  const file = libc.socket(inet, stream, 0);
  const failed =
    libc.bind(file, ptr(address), address.length) ||
    libc.listen(file, 0) ||
    libc.getsockname(file, ptr(address), ptr(size));
  if (failed) throw new Error("Cannot listen");
  const port = address.readUInt16BE(2);
  const first = connect(port, "127.0.0.1");
  await new Promise((resolve, reject) => first.once("connect", resolve).once("error", reject));
  return {
    port,
    [Symbol.dispose]() {
      first.destroy();
      libc.close(file);
    },
  };
}
