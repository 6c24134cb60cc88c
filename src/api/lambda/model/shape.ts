/** The form of `model.gen.ts`: what the official model says about requests, without its documentation. */

export interface OperationModel {
  readonly method: string
  /** `/2015-03-31/functions/{FunctionName}`, with a literal query where two operations share a path. */
  readonly uri: string
  readonly status: number
  /** Name of the input's shape. */
  readonly input?: string
}

export interface Shape {
  readonly type:
    | 'structure'
    | 'list'
    | 'map'
    | 'string'
    | 'blob'
    | 'boolean'
    | 'integer'
    | 'long'
    | 'double'
    | 'float'
    | 'timestamp'
  /** Of a length, a number of members, or a value. */
  readonly min?: number
  readonly max?: number
  /** A regular expression of Java, for the whole text. */
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly sensitive?: boolean
  readonly members?: Readonly<Record<string, Member>>
  /** Shape of a list's members. */
  readonly member?: string
  readonly key?: string
  readonly value?: string
}

export interface Member {
  readonly shape: string
  /** Where in the request it stands; in the JSON body when absent. `payload`: it is the body. */
  readonly in?: 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode' | 'payload'
  /** Its name there, when it is not the member's. */
  readonly wire?: string
  readonly required?: boolean
}

export interface ErrorModel {
  readonly status: number
  /** The spelling of the member that carries the text. */
  readonly message: 'Message' | 'message'
}
