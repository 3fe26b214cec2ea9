#!/usr/bin/env bash
# Deploys images, by digest, to the cluster of the current kubeconfig: verifies their signatures, applies a
# kustomization, and waits for every rollout. If anything fails, or on Ctrl-C, it puts back what this deploy has
# changed, exactly as it was, waits until that is ready, and prints what runs. Needs bun and kubectl, to
# verify also cosign and gh; deploy/ has the steps.
#
# Usage: deploy.sh IMAGE@sha256:... [...]
#        deploy.sh --undo
#
# IMAGE ends in the name of its service, as in ghcr.io/acme/user-service. Name one for each service; a
# service that others call comes before them. --undo puts back what ran before a deploy that was killed.
#
# KUSTOMIZATION: the folder of the kustomization, by default k8s: SQLite, without authentication.
# REPLACE_KUSTOMIZATION: the folder of another kustomization that may run and is replaced. A deploy notes its
# folder, relative to the repository, and is refused where it finds another one.
# KUBECONFIG_BASE64: a kubeconfig to use instead, in base64.
# NAMESPACE: the namespace, by default the one in the kubeconfig's context. A kustomization for another is refused.
# TIMEOUT: how long each rollout may take, with its unit, by default 5m.
# REPOSITORY: OWNER/NAME on GitHub, whose CI/CD workflow has built the images; by default GITHUB_REPOSITORY.
# VERIFY: "all" by default, signature and attestation; "signature" alone, for a repository whose plan has
# no attestations; "none" deploys whatever the digests name, and says so.
#
# Exits with 0 if the images run, 1 if all is as it was, 2 if the command line is wrong, and 3 if an
# operator has to look: the roll-back has failed, what ran before does not get ready again, or the record of the
# deploy stays on the cluster, which locks out the next one.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
needs bun kubectl
exec bun "$(dirname "$0")/deploy/main.ts" "$@"
