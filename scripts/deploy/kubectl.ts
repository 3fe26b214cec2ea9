// kubectl on the cluster and in the namespace of a deploy.

/** How a command of kubectl ended. */
interface Result {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command reads, and when it is given up. */
interface Options {
  /** Its standard input. */
  readonly input?: string;
  /** Its output goes to the terminal as well. */
  readonly shown?: boolean;
  /** Ends the command, which then fails. */
  readonly signal?: AbortSignal;
}

const aboutCluster =
  /refused|no such host|unreachable|time(?:d )?out|x509|logged in|config file|\bcontext\b/i;

/** What kubectl says of a command that has failed. */
export class KubectlError extends Error {
  override readonly name = "KubectlError";

  /** Whether its kubeconfig names no cluster, or one that does not answer or does not know the user. */
  get isAboutCluster(): boolean {
    return aboutCluster.test(this.message);
  }
}

/** Runs kubectl on one namespace of one cluster. */
export interface Kubectl {
  /** Runs a command to its end. */
  attempt(args: readonly string[], options?: Options): Promise<Result>;
  /** What the command prints. @throws KubectlError if it fails */
  run(args: readonly string[], options?: Options): Promise<string>;
  /** The namespace in which kubectl works. @throws KubectlError */
  namespace(): Promise<string>;
  /**
   * The line with which an operator runs a command in the same namespace, which may be another than the one of
   * the operator's kubeconfig. Without it if the cluster does not tell it.
   */
  commandLine(args: readonly string[]): Promise<string>;
}

/**
 * @param kubeconfig a file to use instead of the current kubeconfig
 * @param namespace instead of the one in the kubeconfig's context
 */
export function kubectlFor(kubeconfig?: string, namespace?: string): Kubectl {
  const scope = namespace === undefined ? [] : ["--namespace", namespace];
  const env = kubeconfig === undefined ? process.env : { ...process.env, KUBECONFIG: kubeconfig };

  async function attempt(args: readonly string[], options: Options = {}): Promise<Result> {
    const { input, shown = false, signal } = options;
    const child = Bun.spawn(["kubectl", ...scope, ...args], {
      env,
      stdin: input === undefined ? "ignore" : Buffer.from(input),
      stdout: "pipe",
      stderr: "pipe",
      // Not in the terminal's process group: Ctrl-C must not cut a write off half-way.
      detached: true,
    });
    const stop = () => child.kill();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted === true) stop();
    const [stdout, stderr] = await Promise.all([
      collect(child.stdout, shown ? process.stdout : undefined),
      collect(child.stderr, shown ? process.stderr : undefined),
    ]);
    return { ok: (await child.exited) === 0, stdout, stderr };
  }

  async function run(args: readonly string[], options?: Options): Promise<string> {
    const { ok, stdout, stderr } = await attempt(args, options);
    if (!ok) throw new KubectlError(shortened(stderr) || `kubectl ${args[0]} has failed`);
    return stdout;
  }

  let found = namespace === undefined ? undefined : Promise.resolve(namespace);
  // Of an object that names none, kubectl prints its own; without a kubeconfig too, in a pod.
  const ownNamespace = () =>
    (found ??= run(
      ["create", "--dry-run=client", "--validate=false", "-o", printNamespace, "-f", "-"],
      {
        input: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "any" } }),
      },
    ));

  return {
    attempt,
    run,
    namespace: ownNamespace,
    async commandLine(args) {
      const known = await ownNamespace().catch(() => undefined);
      const place = known === undefined ? [] : ["--namespace", known];
      return ["kubectl", ...place, ...args].join(" ");
    },
  };
}

const printNamespace = "jsonpath={.metadata.namespace}";

/** The first reasons in what kubectl has written, without its log, the object and the patch around each. */
function shortened(text: string): string {
  const all = text.split("\n").filter((line) => line !== "" && !aroundReason.test(line));
  const lines = [...new Set(all)];
  const more = lines.length > maxLines ? [`and ${lines.length - maxLines} more such lines`] : [];
  return [...lines.slice(0, maxLines), ...more].join("\n");
}

const aroundReason = /^(?:[EIW]\d{4} |\{|Resource: |Name: )|:$/;
const maxLines = 5;

/** The text of a stream, which is also written to another as it arrives. */
async function collect(stream: ReadableStream<Uint8Array>, copy?: NodeJS.WriteStream) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    copy?.write(chunk);
  }
  return text;
}
