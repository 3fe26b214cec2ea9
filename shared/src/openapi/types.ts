// The part of OpenAPI 3.1 that the services' documents use (https://spec.openapis.org/oas/v3.1.0).

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

/** A schema in JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
export type JsonSchema = { [keyword: string]: Json };

/** A reference to a component. */
export interface Ref {
  $ref: string;
}

/** The Media Type Object: a body in one media type. */
export interface MediaType {
  schema: JsonSchema;
  example?: Json | undefined;
  /** Several examples by name, instead of one. */
  examples?: Record<string, { summary: string; value: Json }>;
}

/** A header field of a response. */
export interface Header {
  description: string;
  /** Whether every response that documents the field has it. */
  required: boolean;
  schema: JsonSchema;
}

/** A path segment, query parameter or header field of a request. */
export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
  schema: JsonSchema;
  /** How a client writes an array: in one parameter, its items separated by commas. */
  style?: "form" | undefined;
  explode?: false | undefined;
  example?: Json | undefined;
  /** Marks a parameter that many operations have. The API reference folds it. */
  "x-common"?: true;
}

/** The Response Object: what a client gets with one status. */
export interface ResponseObject {
  description: string;
  /** By field name; each value refers to the component of that name, or is an optional field. */
  headers: Record<string, Ref | Header>;
  content?: Record<string, MediaType> | undefined;
  /** Marks a response that is the same in every operation that has it. The API reference folds it. */
  "x-common"?: true | undefined;
}

/** The responses of an operation, by status. */
export type Responses = Record<string, ResponseObject>;

/** The Operation Object: one method of a path. */
export interface Operation {
  operationId: string;
  summary: string;
  description?: string | undefined;
  tags: string[];
  parameters: (Parameter | Ref)[];
  requestBody?: { required: true; content: Record<string, MediaType> } | undefined;
  responses: Responses;
  /** Undefined: as the document says. */
  security?: Security[] | undefined;
}

/** An alternative of authentication: the scheme `bearer`, with the scope that a token needs. */
export interface Security {
  bearer: string[];
}

/** A method that a route can have. */
export type Method = "get" | "head" | "post" | "put" | "patch" | "delete";

/** The methods of one path. */
export type PathItem = { [M in Method]?: Operation };

/** How a service introduces itself in its document. */
export interface ApiInfo {
  title: string;
  version: string;
  /** In CommonMark. */
  description: string;
  /** What each tag of the service's routes is about, in CommonMark. Default: none has a description. */
  tags?: Readonly<Record<string, string>>;
  /** The URL at which clients reach the service. Empty, as by default: it is not known. */
  publicUrl?: string;
  /** The name of the service, if its routes need tokens. Default: none does. */
  realm?: string | undefined;
}

/** The Info Object. */
interface Info extends Pick<ApiInfo, "title" | "version" | "description"> {
  contact: { name: string };
  license: { name: string; identifier: string };
}

/** The OpenAPI Object: the whole document. */
export interface OpenApiDocument {
  openapi: string;
  info: Info;
  servers: { url: string; description?: string }[];
  /** The alternatives of authentication; none of them is needed if the list is empty. */
  security: Security[];
  tags: { name: string; description?: string | undefined }[];
  paths: Record<string, PathItem>;
  components: {
    schemas: Record<string, JsonSchema>;
    parameters: Record<string, Parameter>;
    headers: Record<string, Header>;
    /** Undefined: no request needs authentication. */
    securitySchemes?:
      | { bearer: { type: "http"; scheme: "bearer"; bearerFormat: "JWT"; description: string } }
      | undefined;
  };
}
