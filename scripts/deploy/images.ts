// The images that a deploy is given.
import type { ServiceImage } from "../kustomization.ts";

/** An image by digest. Its service is the last part of its name. */
export interface Image extends ServiceImage {
  /** As in `ghcr.io/acme/user-service@sha256:…`. */
  readonly reference: string;
}

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
const byDigest =
  /^(?<name>[a-z0-9][a-z0-9.:-]*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+)@(?<digest>sha256:[0-9a-f]{64})$/;

/** @returns the images, or why a reference is none */
export function parseImages(references: readonly string[]): Image[] | string {
  const images: Image[] = [];
  for (const reference of references) {
    const { name, digest } = byDigest.exec(reference)?.groups ?? {};
    if (name === undefined || digest === undefined) {
      return `Cannot deploy "${reference}": it must be REGISTRY/NAME@sha256:…, in small letters`;
    }
    const service = name.slice(name.lastIndexOf("/") + 1);
    if (images.some((image) => image.service === service)) {
      return `Cannot deploy two images of ${service}`;
    }
    images.push({ reference, name, digest, service });
  }
  return images;
}
