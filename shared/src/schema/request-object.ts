// The schemas of what clients send.
import { Type, type TObject, type TProperties } from "@sinclair/typebox";

/**
 * The schema of an object in a request: a body, a part of one, or the parameters of a URL. Members
 * that it does not know are ignored, for callers may be newer than we are.
 */
export function requestObject<P extends TProperties>(properties: P): TObject<P> {
  return Type.Object(properties, { additionalProperties: true });
}
