/**
 * The URL of a database for a command, which tries to connect to a server once. A server on a machine
 * under load may not answer within the default of 3 s.
 */
export function commandUrl(url: string): string {
  if (!url.startsWith("postgres:")) return url;
  const patient = new URL(url);
  patient.searchParams.set("connect_timeout", "60");
  return patient.href;
}
