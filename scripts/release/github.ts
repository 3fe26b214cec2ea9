// GitHub's REST API, as far as a release needs it: https://docs.github.com/rest.
import { ReleaseError, variable } from "./repository.ts";

/** A run of a workflow. */
export interface WorkflowRun {
  readonly status: string;
  readonly conclusion: string | null;
  readonly html_url: string;
}

/** A release, published or a draft. */
interface Release {
  readonly id: number;
  readonly tag_name: string;
  readonly draft: boolean;
  readonly html_url: string;
  /** Where files are uploaded to, with a template of parameters at its end. */
  readonly upload_url: string;
  /** Whether GitHub refuses every later change of its files and its tag. */
  readonly immutable?: boolean;
}

/** What a release is created with. */
interface NewRelease {
  readonly tag_name: string;
  readonly name: string;
  readonly body: string;
  readonly prerelease: boolean;
}

/** Calls GitHub for the repository and with the token of the workflow. */
export function connectGitHub() {
  const api = `${process.env["GITHUB_API_URL"] ?? "https://api.github.com"}/repos/${variable("GITHUB_REPOSITORY")}`;
  const token = variable("GITHUB_TOKEN");

  async function call<T>(method: string, url: string, body?: string | Blob): Promise<T> {
    const headers = {
      Accept: "application/vnd.github+json",
      Authorization: `Bearer ${token}`,
      "Content-Type": body instanceof Blob ? "application/octet-stream" : "application/json",
      "X-GitHub-Api-Version": "2022-11-28",
    };
    const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
    const text = await response.text();
    if (!response.ok) {
      throw new ReleaseError(`GitHub refuses ${method} ${url}: ${response.status} ${text}`);
    }
    // What GitHub's documentation promises of this response.
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  return {
    /** The newest run of CI/CD for a commit of main; undefined if there is none yet. */
    async ciRun(commit: string): Promise<WorkflowRun | undefined> {
      const query = `head_sha=${commit}&branch=main&event=push&per_page=1`;
      const url = `${api}/actions/workflows/ci-cd.yml/runs?${query}`;
      const { workflow_runs: runs } = await call<{ workflow_runs: WorkflowRun[] }>("GET", url);
      return runs[0];
    },

    /** The release of a tag, drafts included; undefined if there is none among the newest hundred. */
    async findRelease(tag: string): Promise<Release | undefined> {
      const releases = await call<Release[]>("GET", `${api}/releases?per_page=100`);
      return releases.find(({ tag_name: name }) => name === tag);
    },

    /** Makes a release that only maintainers see. */
    createDraft: (release: NewRelease): Promise<Release> =>
      call("POST", `${api}/releases`, JSON.stringify({ ...release, draft: true })),

    async deleteDraft({ id }: Release): Promise<void> {
      await call("DELETE", `${api}/releases/${id}`);
    },

    /** Adds a file. @returns its digest as GitHub has computed it, where it has */
    async upload({ upload_url: url }: Release, name: string, file: Blob) {
      const address = `${url.replace(/\{.*/, "")}?name=${encodeURIComponent(name)}`;
      // Without the type that Bun guesses from the name.
      const { digest } = await call<{ digest?: string | null }>("POST", address, file);
      return digest ?? undefined;
    },

    /** Shows a draft to everyone. @param isLatest whether it becomes the repository's latest */
    publish: ({ id }: Release, isLatest: boolean): Promise<Release> =>
      call(
        "PATCH",
        `${api}/releases/${id}`,
        JSON.stringify({ draft: false, make_latest: `${isLatest}` }),
      ),
  };
}
