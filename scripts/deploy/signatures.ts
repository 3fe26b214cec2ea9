// Whether images come from the CI/CD workflow of a repository, by what they are signed with.
import type { Image } from "./images.ts";

/** What an image must have, and from which repository, OWNER/NAME. */
export type Verification =
  | { readonly what: "none" }
  | { readonly what: "signature" | "all"; readonly repository: string };

/** @returns what the environment demands, or what is wrong with it */
export function verificationOf(env: Readonly<Record<string, string | undefined>>) {
  const what = env["VERIFY"] || "all";
  const repository = env["REPOSITORY"] || env["GITHUB_REPOSITORY"];
  if (what === "none") return { what } satisfies Verification;
  if (what !== "all" && what !== "signature") {
    return `Cannot use VERIFY "${what}": it must be all, signature or none`;
  }
  if (repository === undefined || !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    return (
      `Cannot verify the images without REPOSITORY, which must be the OWNER/NAME on GitHub whose ` +
      `workflow has built them. VERIFY=none deploys them unverified`
    );
  }
  return { what, repository } satisfies Verification;
}

const issuer = "https://token.actions.githubusercontent.com";

/** The workflow that publishes images, on the only branch for which it does. */
const identity = (repository: string) =>
  `https://github.com/${repository}/.github/workflows/ci-cd.yml@refs/heads/main`;

/**
 * The commands that succeed if the workflow of a repository has built an image. cosign reads the signature from
 * the registry, gh the attestation from GitHub.
 */
export function verificationCommands(reference: string, repository: string) {
  const workflow = identity(repository);
  const signedBy = ["--certificate-oidc-issuer", issuer, "--certificate-identity", workflow];
  const attestedBy = ["--repo", repository, "--cert-identity", workflow];
  return [
    { name: "signature", command: ["cosign", "verify", ...signedBy, reference] },
    {
      name: "attestation",
      command: ["gh", "attestation", "verify", `oci://${reference}`, ...attestedBy],
    },
  ];
}

/** Checks that every image has what it must have. @throws Error */
export async function verifyImages(
  images: readonly Image[],
  verification: Verification,
): Promise<void> {
  if (verification.what === "none") {
    warn("VERIFY=none: no signature is verified, anyone may have built these images");
    return;
  }
  const { what, repository } = verification;
  if (what === "signature") {
    warn(
      "VERIFY=signature: no attestation is verified, nothing proves of which commit the images are",
    );
  }
  for (const { reference } of images) {
    for (const { name, command } of verificationCommands(reference, repository)) {
      if (what === "signature" && name !== "signature") continue;
      const [program = ""] = command;
      if (Bun.which(program) === null) {
        throw new Error(
          `Cannot verify the ${name} of ${reference} without ${program}: install it, or choose ` +
            `another VERIFY (deploy.sh --help)`,
        );
      }
      const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
      const reason = await child.stderr.text();
      if ((await child.exited) !== 0) {
        throw new Error(
          `${reference} has no ${name} by the CI/CD workflow of ${repository}:\n${reason}`,
        );
      }
      console.log(`${reference} has the ${name} of ${repository}`);
    }
  }
}

/** Says on stderr, and on GitHub on the page of the run, what is not verified. */
function warn(message: string) {
  console.error(`WARNING: ${message}`);
  if (Bun.env["GITHUB_ACTIONS"] === "true") console.log(`::warning title=Not verified::${message}`);
}
