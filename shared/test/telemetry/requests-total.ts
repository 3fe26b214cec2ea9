/** The series of `http_requests_total` with these labels, as it is printed. */
export function requestsTotal(method: string, endpoint: string, status: number): string {
  return `http_requests_total{method="${method}",endpoint="${endpoint}",status="${status}"}`;
}
