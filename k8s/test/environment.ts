// The environment variables of a container.
import type { ConfigMap, Container } from "kubernetes-types/core/v1";

type Values = Readonly<Record<string, string>>;

/**
 * The environment that the kubelet gives to a container. It expands `$(NAME)` to the value of a variable
 * that stands above, and leaves it as it is otherwise.
 *
 * @param secrets the keys of each Secret, by its name
 * @param namespace of the pod
 * @throws Error for a ConfigMap, a Secret or a key that does not exist
 */
export function environmentOf(
  { env = [], envFrom = [] }: Container,
  configMaps: readonly ConfigMap[],
  secrets: Readonly<Record<string, Values>>,
  namespace = "platform",
): Record<string, string> {
  const values = new Map<string, string>();
  for (const { configMapRef } of envFrom) {
    const source = configMaps.find(({ metadata }) => metadata?.name === configMapRef?.name);
    if (!source) throw new Error(`There is no ConfigMap ${configMapRef?.name}`);
    for (const [name, value] of Object.entries(source.data ?? {})) values.set(name, value);
  }
  for (const { name, value = "", valueFrom } of env) {
    const { secretKeyRef, fieldRef } = valueFrom ?? {};
    if (fieldRef !== undefined) {
      if (fieldRef.fieldPath !== "metadata.namespace") {
        throw new Error(`The tests do not know the field ${fieldRef.fieldPath}`);
      }
      values.set(name, namespace);
      continue;
    }
    const stored = secretKeyRef && secrets[secretKeyRef.name ?? ""]?.[secretKeyRef.key];
    if (secretKeyRef && stored === undefined) {
      throw new Error(`There is no key ${secretKeyRef.key} in the Secret ${secretKeyRef.name}`);
    }
    const expanded = value.replaceAll(
      /\$\(([A-Z_]+)\)/g,
      (text, above: string) => values.get(above) ?? text,
    );
    values.set(name, stored ?? expanded);
  }
  return Object.fromEntries(values);
}
