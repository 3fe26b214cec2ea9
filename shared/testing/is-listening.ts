// Whether a program that was started takes connections.

/** Whether a TCP connection to a port succeeds. @param hostname an address of this machine */
export async function isListening(port: number, hostname = "127.0.0.1"): Promise<boolean> {
  const connecting = Bun.connect({ hostname, port, socket: { data: () => undefined } });
  return connecting.then(
    (socket) => (socket.terminate(), true),
    () => false,
  );
}
