// Whether a program that was started takes connections.

/** Whether a connection to the port succeeds. */
export async function isListening(port: number): Promise<boolean> {
  const connecting = Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: () => undefined },
  });
  return connecting.then(
    (socket) => (socket.terminate(), true),
    () => false,
  );
}
